//! `help`, and what is made of the definitions of the arguments: completions and man pages.

use clap::CommandFactory;

use super::args::{Cli, CompletionsArgs, HelpArgs};
use super::run::{Damage, print};
use crate::error::{Error, Result};
use crate::filter::HELP;
use crate::report::nearest;

/// Topics that are no commands, and what is said of them.
const TOPICS: [(&str, &str); 3] = [("fields", FIELDS), ("filter", HELP), ("where", WHERE)];

const FIELDS: &str = "\
Every command that prints rows has a schema: the same fields, with the same names, in every format.
`flowray fields` lists them all: name, unit, meaning, and where the definition comes from.
`flowray fields COMMAND --schema` prints a JSON Schema of a command's rows.

Names end in their unit: _s seconds (instants are seconds since 1970 UTC), _bytes, _bps bits per second.
What is not known is null in JSON, empty in CSV and TSV, and - in tables; it is never 0.
Numbers are exact. Seconds have six decimal digits, or nine where the capture's clock is that fine.
Lists are arrays in JSON; elsewhere commas stand between their values.
Text from packets is escaped: \\n, \\x1b, \\u{202e}; a backslash is doubled. In JSON it is the very text.

client_x is about what the client sent, server_x about what the server sent. The client is who opened the
connection; where that was not seen, client_inferred is true. rtt_to_server_x is the distance from the place of the
capture to the server and back.

--fields chooses: names, globs, and - before those to leave out.

    flowray flows --fields flow,client_address,server_address capture.pcap
    flowray flows --fields 'flow,rtt_*,-*_stddev_s' capture.pcap
    flowray flows --fields '-stream' capture.pcap             the usual ones but this
    flowray flows --fields '*' capture.pcap                   all of them

--sort FIELD,-FIELD sorts, - puts the greatest first; rows without a value come last. --top N keeps the first N rows.
";

const WHERE: &str = "\
--where CONDITION prints only the rows for which the condition holds. It works on the fields of the command's rows.

    client_packets > 10             = == != <> < <= > >=, with a value or another field
    opening = refused               text; in quotes where it has spaces or brackets
    protocol in (tcp, udp)          one of these
    client_address in 10.0.0.0/8    an address in a network, or in a list of both
    service ~ '^http'               a regular expression; !~ for those that do not match
    fast_open                       true or false by itself
    closing is null                 not known; also: is not null
    analysis = retransmission       a list equals each value that it contains
    and, or, not, ( )               also && || !; not binds most, or least

Numbers may have units: 100ms, 2s, 5m, 1h; 10MB, 5KiB; 1Mbit/s; 5%. Instants are seconds since 1970 or '2024-05-01T12:00:00Z'.
A comparison with what is not known is neither true nor false, as in SQL: such rows are left out.

    flowray flows --where 'rtt_to_server_p95_s > 100ms and server_packets > 100' capture.pcap
    flowray flows --where 'client_wire_bytes > 10MB or server_wire_bytes > 10MB' capture.pcap
    flowray packets --where 'analysis in (rto, fast) and source = 10.0.0.5' capture.pcap
";

const EXAMPLES: &str = "\
Examples:
  flowray capture.pcap                                    what is in it
  flowray flows --sort -client_retransmitted_segments --top 3 capture.pcap
  flowray flows --where 'rtt_to_server_p95_s > 100ms' -o jsonl capture.pcap | jq .
  flowray packets --where 'analysis = retransmission' capture.pcap
  tcpdump -w - | flowray -
";

const EXIT_STATUS: [(&str, &str); 4] = [
    ("0", "success"),
    (
        "1",
        "some input was damaged or unreadable, or what was asked for was not there; what could be read is reported",
    ),
    ("2", "usage: nothing was read"),
    ("130", "interrupted: what was analysed until then is reported"),
];

const ENVIRONMENT: [(&str, &str); 2] = [
    ("NO_COLOR", "if it is set and not empty, tables have no colours, unless --color says so"),
    ("COLUMNS", "how wide tables may be on a terminal, instead of what the terminal says"),
];

/// What stands below the help of the program.
pub fn overview() -> String {
    let list = |title: &str, entries: &[(&str, &str)]| {
        let lines: String = entries.iter().map(|(name, what)| format!("  {name:<9} {what}\n")).collect();
        format!("{title}:\n{lines}\n")
    };
    [
        EXAMPLES,
        "\n",
        &list("Exit status", &EXIT_STATUS),
        &list("Environment", &ENVIRONMENT),
        "`flowray help fields`, `help filter` and `help where` explain the fields and the two languages.",
    ]
    .concat()
}

/// Explains a command or a topic.
pub fn help(args: &HelpArgs) -> Result<Damage> {
    let mut cli = Cli::command();
    let Some(topic) = args.topic.as_deref() else { return print(&cli.render_long_help().to_string()) };
    if let Some((_, text)) = TOPICS.iter().find(|(name, _)| *name == topic) {
        return print(text);
    }
    cli.build();
    if let Some(command) = cli.find_subcommand_mut(topic) {
        let text = command.render_long_help().to_string();
        return print(&text);
    }
    let commands = cli.get_subcommands().map(clap::Command::get_name);
    let known: Vec<&str> = commands.chain(TOPICS.iter().map(|(name, _)| *name)).collect();
    let hint = match nearest(topic, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", known.join(", ")),
    };
    Err(Error::Usage(format!("help: there is no `{topic}`; {hint}")))
}

/// Prints completions for a shell.
pub fn completions(args: &CompletionsArgs) -> Result<Damage> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "flowray", &mut text);
    print(&String::from_utf8_lossy(&text))
}

/// The man pages of `man/` by their file names: one of the program, one of each command that is shown.
#[cfg(test)]
fn man_pages() -> Vec<(String, Vec<u8>)> {
    let mut cli = Cli::command();
    cli.build();
    let mut pages = vec![("flowray.1".into(), page(&cli).unwrap())];
    for command in cli.get_subcommands().filter(|command| !command.is_hide_set()) {
        pages.push((format!("flowray-{}.1", command.get_name()), page(command).unwrap()));
    }
    pages
}

#[cfg(test)]
fn page(command: &clap::Command) -> std::io::Result<Vec<u8>> {
    use roff::{Roff, bold, roman};
    let man = clap_mangen::Man::new(command.clone());
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.get_subcommands().any(|command| !command.is_hide_set()) {
        man.render_subcommands_section(&mut page)?;
    }
    let mut more = Roff::new();
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let examples: Vec<&str> = help.lines().skip(1).take_while(|line| line.starts_with("  ")).collect();
    more.control("SH", ["EXAMPLES"]).control("nf", []);
    more.text([roman(examples.join("\n"))]).control("fi", []);
    for (title, entries) in [("EXIT STATUS", &EXIT_STATUS[..]), ("ENVIRONMENT", &ENVIRONMENT)] {
        more.control("SH", [title]);
        for (name, what) in entries {
            more.control("TP", []).text([bold(*name)]).text([roman(*what)]);
        }
    }
    more.control("SH", ["SEE ALSO"]);
    let topics = TOPICS.map(|(name, _)| format!("flowray help {name}"));
    more.text([roman(format!("flowray(1); the output of {}", topics.join(", ")))]);
    more.to_writer(&mut page)?;
    Ok(page)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn man_pages_are_up_to_date() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
        let remake = "FLOWRAY_BLESS=1 cargo test --lib man_pages";
        let pages = man_pages();
        for (name, page) in &pages {
            if std::env::var_os("FLOWRAY_BLESS").is_some() {
                fs::write(folder.join(name), page).unwrap();
            }
            let stored = fs::read(folder.join(name)).unwrap_or_default();
            assert!(stored == *page, "man/{name} is out of date; make it with `{remake}`");
        }
        let stored = fs::read_dir(&folder).unwrap().count();
        assert_eq!(stored, pages.len(), "man/ has pages of commands that are gone");
    }

    #[test]
    fn every_shell_completes_every_command() {
        use clap::ValueEnum;
        for &shell in clap_complete::Shell::value_variants() {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "flowray", &mut text);
            let text = String::from_utf8(text).unwrap();
            for command in Cli::command().get_subcommands() {
                assert!(text.contains(command.get_name()), "{shell} does not know {}", command.get_name());
            }
        }
    }

    #[test]
    fn the_examples_of_conditions_are_conditions() {
        use crate::report::Condition;
        use crate::report::fields::{FLOWS, PACKETS};
        let quoted = |line: &str| {
            line.split_once("--where '").map(|(_, rest)| rest.split('\'').next().unwrap().to_owned())
        };
        let mut seen = 0;
        for line in WHERE.lines() {
            if let Some(text) = quoted(line) {
                let ok = if line.contains("flowray flows") {
                    Condition::parse(&text, FLOWS.fields()).is_ok()
                } else {
                    Condition::parse(&text, PACKETS.fields()).is_ok()
                };
                assert!(ok, "{text}");
                seen += 1;
            }
        }
        assert_eq!(seen, 3);
    }
}
