//! The words of the command line, as they are written. What they ask for is worked out in `options`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::bounds::BoundArgs;
use super::help::overview;

/// An X-ray for packet captures.
///
/// Reads pcap, pcapng and snoop files, also compressed ones, decodes every layer, rebuilds every TCP connection, and
/// says for each flow what happened: how it opened and closed, what was lost and why it was sent again, how far away each side is,
/// and what the windows did. Without a command it prints the summary.
#[derive(Debug, Parser)]
#[command(
    name = "flowray",
    version,
    max_term_width = 100,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true,
    after_help = overview()
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub summary: SummaryArgs,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// What is in the capture: which protocols, the top flows, what went wrong (the default)
    #[command(after_help = "Examples:\n  \
        flowray summary capture.pcap\n  \
        flowray summary -f 'host 10.0.0.5' capture.pcap      of one host\n  \
        flowray summary -o json capture.pcap | jq .trust    can it be trusted?")]
    Summary(SummaryArgs),
    /// One line a packet
    #[command(after_help = "Examples:\n  \
        flowray packets --where 'analysis = retransmission' capture.pcap\n  \
        flowray packets --stream 1 --time utc capture.pcap\n  \
        flowray packets --layers --where 'number = 7' capture.pcap    one packet, layer by layer\n  \
        flowray packets --fields number,time_s,source,destination,length -o csv capture.pcap\n  \
        flowray packets -f 'tcp port 80' -w chosen.pcapng capture.pcapng")]
    Packets(PacketArgs),
    /// One row a flow, over a hundred fields
    #[command(after_help = "Examples:\n  \
        flowray flows --sort -client_retransmitted_segments --top 3 capture.pcap    which lost most?\n  \
        flowray flows --where 'server_address in 10.0.0.0/8 and opening = refused' capture.pcap\n  \
        flowray flows --fields 'flow,client_*,rtt_*' -o csv capture.pcap")]
    Flows(FlowsArgs),
    /// Everything about one flow on one page
    #[command(after_help = "Examples:\n  \
        flowray flow 3 capture.pcap\n  \
        flowray flow 3 -o json capture.pcap    its row of `flows`")]
    Flow(FlowArgs),
    /// How each TCP connection opened and closed, with times, options agreed, and why it failed
    #[command(after_help = "Examples:\n  \
        flowray handshakes --where 'opening != complete' capture.pcap    which failed?\n  \
        flowray handshakes --fields '*_s' capture.pcap                   when did each step happen?")]
    Handshakes(FlowsArgs),
    /// One row an HTTP exchange: who, method, host, path, status, sizes, time to first byte, total
    #[command(after_help = "Examples:\n  \
        flowray http --sort -time_to_first_byte_s --top 10 capture.pcap    which took longest?\n  \
        flowray http --where 'status >= 500' --fields host,target,status capture.pcap\n  \
        flowray http --save bodies capture.pcap                            what was sent?\n  \
        flowray http --har page.har capture.pcap                           for a browser's developer tools")]
    Http(super::http::HttpArgs),
    /// The bytes that one or both sides of a TCP or UDP stream said, reassembled
    #[command(after_help = "Examples:\n  \
        flowray stream 1 capture.pcap                          who said what\n  \
        flowray stream 1 --side server capture.pcap > said     the very bytes\n  \
        flowray stream 1 --as hex capture.pcap\n  \
        flowray stream --all --out streams capture.pcap        every stream, into files")]
    Stream(super::stream::StreamArgs),
    /// One row an interval: rates, flows, loss, round trips, HTTP; with a plot on a terminal
    #[command(after_help = "Examples:\n  \
        flowray timeline capture.pcap                                       when did it get bad?\n  \
        flowray timeline --every 1s --where 'retransmitted_share > 1%' capture.pcap\n  \
        flowray timeline --by server_port -o csv capture.pcap")]
    Timeline(super::timeline::TimelineArgs),
    /// One row a host: who talks most, who loses most, who fails; also by pair, port, service, VLAN or DSCP
    #[command(after_help = "Examples:\n  \
        flowray endpoints --top 10 capture.pcap\n  \
        flowray endpoints --sort -sent_retransmitted_share --where 'sent_data_segments > 100' capture.pcap\n  \
        flowray endpoints --by server_port -o csv capture.pcap")]
    Endpoints(super::endpoints::EndpointArgs),
    /// What kind of file it is
    #[command(after_help = "Examples:\n  \
        flowray info capture.pcapng.zst\n  \
        flowray info --sort start_s -o csv *.pcap")]
    Info(RowArgs),
    /// Every field of every command: name, unit, meaning, source
    #[command(after_help = "Examples:\n  \
        flowray fields flows\n  \
        flowray fields --where 'name ~ rtt'\n  \
        flowray fields flows --schema > flows.schema.json")]
    Fields(FieldsArgs),
    /// Explain a command, or one of the topics: fields, filter, where
    #[command(after_help = "Examples:\n  flowray help flows\n  flowray help where")]
    Help(HelpArgs),
    /// Print completions for a shell
    #[command(after_help = "Example:\n  flowray completions bash > /etc/bash_completion.d/flowray")]
    Completions(CompletionsArgs),
}

/// What every command that reads captures takes.
#[derive(Args, Clone, Debug)]
pub struct Common {
    /// Capture files, together one capture; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Take the captures in directories, and in those within them
    #[arg(short, long)]
    pub recursive: bool,
    #[command(flatten)]
    pub show: Show,
    /// Threads; 0 for one a core
    #[arg(short = 'j', long, value_name = "N", default_value_t = 0)]
    pub threads: usize,
    /// No bar on standard error that shows how far it has come
    #[arg(long)]
    pub no_progress: bool,
    /// No notes on standard error
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say on standard error what was done and how long it took
    #[arg(short, long)]
    pub verbose: bool,
    #[command(flatten)]
    pub bounds: BoundArgs,
    /// Bytes read at a time, for tests
    #[arg(long, value_name = "BYTES", hide = true)]
    pub block_size: Option<usize>,
}

/// How the output looks.
#[derive(Args, Clone, Copy, Debug)]
pub struct Show {
    /// Format of the output
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t)]
    pub output: OutputFormat,
    /// Colours: loss is red, delay yellow
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub color: When,
    /// How tables show instants
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub time: TimeFormat,
}

/// Which packets take part.
#[derive(Args, Clone, Debug, Default)]
pub struct Choice {
    /// Only packets that this selects, in the language of pcap-filter(7), as `tcp port 80`: see `flowray help filter`
    #[arg(short, long, value_name = "EXPR")]
    pub filter: Option<String>,
    /// Only packets from this instant on: seconds since 1970, a date, or `+` and the time since the first packet
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Only packets before this instant
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
}

/// Which rows, and what of them.
#[derive(Args, Clone, Debug, Default)]
pub struct Select {
    /// Only rows for which this holds, as `client_packets > 10 and opening = complete`: see `flowray help where`
    #[arg(long = "where", value_name = "CONDITION")]
    pub condition: Option<String>,
    /// Fields to show, with globs; `-` leaves out: see `flowray help fields`
    #[arg(long, value_name = "LIST", allow_hyphen_values = true)]
    pub fields: Option<String>,
    /// Sort by fields; `-` puts the greatest first
    #[arg(long, value_name = "LIST", allow_hyphen_values = true)]
    pub sort: Option<String>,
    /// Only the first N rows
    #[arg(long, value_name = "N")]
    pub top: Option<usize>,
}

/// Which flows.
#[derive(Args, Clone, Debug, Default)]
pub struct OneFlow {
    /// Only flow N
    #[arg(long, value_name = "N", conflicts_with = "stream")]
    pub flow: Option<u64>,
    /// Only TCP stream N, as Wireshark numbers them
    #[arg(long, value_name = "N")]
    pub stream: Option<u64>,
    /// `--stream` means a UDP stream
    #[arg(long, requires = "stream")]
    pub udp: bool,
    /// Only flows for which this holds, as `client_retransmitted_segments > 10` or `flow in (3, 17)`: the input is read twice
    #[arg(long, value_name = "CONDITION")]
    pub flows: Option<String>,
}

/// What commands take that list what is in a capture.
#[derive(Args, Clone, Debug)]
pub struct ListArgs {
    #[command(flatten)]
    pub select: Select,
    #[command(flatten)]
    pub only: OneFlow,
    /// Analyse every file on its own, and say in `file` which one it was
    #[arg(long)]
    pub each: bool,
    #[command(flatten)]
    pub choice: Choice,
    #[command(flatten)]
    pub common: Common,
}

/// What `flows` and `handshakes` take.
#[derive(Args, Clone, Debug)]
pub struct FlowsArgs {
    /// Write rows when their flow ends, not when the input does: for live pipes, in memory that follows the
    /// open flows and, unless --max-memory says otherwise, stays below 512M
    #[arg(long)]
    pub as_completed: bool,
    /// With --as-completed: how long after its close a TCP flow ends
    #[arg(long, value_name = "TIME", default_value = "120s", requires = "as_completed")]
    pub after_close: String,
    /// With --as-completed: after how long a silence any flow ends
    #[arg(long, value_name = "TIME", default_value = "300s", requires = "as_completed")]
    pub after_silence: String,
    #[command(flatten)]
    pub verify: Verify,
    #[command(flatten)]
    pub list: ListArgs,
}

/// What is looked at only on request.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct Verify {
    /// Count packets with wrong IP, TCP or UDP checksums, in `client_checksum_errors` and `server_checksum_errors` of flows, in
    /// the summary in `checksum_errors`
    #[arg(long)]
    pub verify_checksums: bool,
}

/// What `packets` takes.
#[derive(Args, Clone, Debug)]
pub struct PacketArgs {
    /// Every layer of each packet: its OSI layer, every header field, its bytes and bits
    #[arg(long)]
    pub layers: bool,
    /// Every byte of each packet
    #[arg(long)]
    pub hex: bool,
    /// Write the chosen packets as a capture instead: pcapng where FILE ends in .pcapng, else pcap; `-` is standard output
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["output", "fields", "sort", "top", "layers", "hex", "each"])]
    pub write: Option<PathBuf>,
    /// Format of what `--write` writes, whatever its name
    #[arg(long, value_name = "FORMAT", value_enum, requires = "write")]
    pub write_format: Option<WriteFormat>,
    #[command(flatten)]
    pub list: ListArgs,
}

#[derive(Args, Clone, Debug)]
pub struct RowArgs {
    #[command(flatten)]
    pub select: Select,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Args, Clone, Debug)]
pub struct FlowArgs {
    /// Its number
    #[arg(value_name = "N")]
    pub number: u64,
    #[command(flatten)]
    pub verify: Verify,
    #[command(flatten)]
    pub choice: Choice,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Args, Clone, Debug)]
pub struct SummaryArgs {
    /// How many flows, findings (at most 10) and hosts (at most 5) to name
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub top: usize,
    #[command(flatten)]
    pub verify: Verify,
    #[command(flatten)]
    pub choice: Choice,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Args, Clone, Debug)]
pub struct FieldsArgs {
    /// Only the fields of this command
    pub command: Option<String>,
    /// Print a JSON Schema of the rows instead
    #[arg(long, conflicts_with_all = ["condition", "fields", "sort", "top", "output"])]
    pub schema: bool,
    #[command(flatten)]
    pub select: Select,
    #[command(flatten)]
    pub show: Show,
}

#[derive(Args, Debug)]
pub struct HelpArgs {
    /// A command, or `fields`, `filter` or `where`
    pub topic: Option<String>,
}

#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: clap_complete::Shell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum WriteFormat {
    /// One link type, one clock, no comments
    Pcap,
    /// Interfaces, comments and clocks as they were
    Pcapng,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum OutputFormat {
    /// For people
    #[default]
    Table,
    /// One JSON document
    Json,
    /// One JSON object a line
    Jsonl,
    /// RFC 4180
    Csv,
    /// Tabs between the cells
    Tsv,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum When {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum TimeFormat {
    /// Seconds since the first packet
    #[default]
    Relative,
    /// Date and time in UTC
    Utc,
    /// Date and time here
    Local,
    /// Seconds since 1970
    Epoch,
}
