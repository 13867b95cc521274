//! The words of the command line, as they are written. What they ask for is worked out in `options`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
    after_help = "Examples:\n  \
        flowray capture.pcap                                    what is in it\n  \
        flowray flows --sort -client_retransmitted_segments --top 3 capture.pcap\n  \
        flowray flows --where 'rtt_to_server_p95_s > 100ms' -o jsonl capture.pcap | jq .\n  \
        flowray packets --where 'analysis = retransmission' capture.pcap\n  \
        tcpdump -w - | flowray -\n\n\
        Exit status: 0 success, 1 some input was damaged or unreadable, 2 usage, 130 interrupted.\n\
        `flowray help fields` and `flowray help where` explain the fields and the conditions on them."
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// One line a packet
    Packets(RowArgs),
    /// One row a flow, over a hundred fields
    #[command(after_help = "Examples:\n  \
        flowray flows --sort -client_retransmitted_segments --top 3 capture.pcap    which lost most?\n  \
        flowray flows --where 'server_address in 10.0.0.0/8 and opening = refused' capture.pcap\n  \
        flowray flows --fields flow,client_*,rtt_* -o csv capture.pcap")]
    Flows(RowArgs),
    /// How each TCP connection opened and closed, with times, options agreed, and why it failed
    Handshakes(RowArgs),
    /// One row an HTTP exchange: who, method, host, path, status, sizes, time to first byte, total
    Http(RowArgs),
}

/// What every command that reads captures takes.
#[derive(Args, Clone, Debug)]
pub struct Common {
    /// Capture files, together one capture; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Format of the output
    #[arg(short, long, value_enum, default_value_t)]
    pub output: OutputFormat,
    /// Only packets that this selects, in the language of pcap-filter(7): `tcp port 80 and host 10.0.0.1`
    #[arg(short, long, value_name = "EXPR")]
    pub filter: Option<String>,
    /// Only packets from this instant on: seconds since 1970, a date, or an offset from the first packet (`+1.5s`)
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Only packets before this instant
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// Threads; 0 for one a core
    #[arg(short = 'j', long, value_name = "N", default_value_t = 0)]
    pub threads: usize,
    /// Colours: loss is red, delay yellow
    #[arg(long, value_enum, default_value_t)]
    pub color: When,
    /// How tables show instants
    #[arg(long, value_enum, default_value_t)]
    pub time: TimeFormat,
    /// No progress on standard error
    #[arg(long)]
    pub no_progress: bool,
    /// No notes on standard error
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say on standard error what was done and how long it took
    #[arg(short, long)]
    pub verbose: bool,
    /// Bytes read at a time, for tests
    #[arg(long, value_name = "BYTES", hide = true)]
    pub block_size: Option<usize>,
}

/// What every command that prints rows takes.
#[derive(Args, Clone, Debug)]
pub struct RowArgs {
    #[command(flatten)]
    pub common: Common,
    /// Only rows for which this holds, as `client_packets > 10 and opening = complete`
    #[arg(long = "where", value_name = "CONDITION")]
    pub condition: Option<String>,
    /// Fields to show, with globs; `-` leaves out
    #[arg(long, value_name = "LIST", allow_hyphen_values = true)]
    pub fields: Option<String>,
    /// Sort by fields; `-` puts the greatest first
    #[arg(long, value_name = "LIST", allow_hyphen_values = true)]
    pub sort: Option<String>,
    /// Only the first N rows
    #[arg(long, value_name = "N")]
    pub top: Option<usize>,
    /// Only flow N
    #[arg(long, value_name = "N")]
    pub flow: Option<u64>,
    /// Only TCP stream N, as Wireshark numbers them
    #[arg(long, value_name = "N")]
    pub stream: Option<u64>,
    /// `--stream` means a UDP stream
    #[arg(long, requires = "stream")]
    pub udp: bool,
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
