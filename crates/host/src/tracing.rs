use std::env::{self, VarError};
use std::io;
use std::panic;

use thiserror::Error;
use tracing_subscriber::filter::{LevelFilter, ParseError, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{Layer as _, fmt, registry};

/// The environment variable that says what is logged: `debug`, or `info,deputize_aws=debug`.
pub const LOG_VARIABLE: &str = "DEPUTIZE_LOG";

/// What is logged where the variable is absent or empty.
const DEFAULT_FILTER: &str = "info";

/// Libraries that write requests and answers to their log in detail, and with them secrets. Whatever the variable says,
/// they tell no details. Each stands for all targets that begin so.
const TELL_NO_DETAILS: [&str; 8] =
    ["aws_", "azure_", "h2", "hyper", "lambda_", "reqwest", "rustls", "typespec"];

/// Libraries that warn with a vendor's answer in hand, whole. They tell nothing: what matters of it, our own code does.
const TELL_NOTHING: [&str; 1] = ["gcp_auth"];

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object on each line, for collectors.
    Json,
    /// For people.
    Text,
}

/// Why nothing will be logged.
#[derive(Debug, Error)]
pub enum TracingError {
    /// The variable is not UTF-8.
    #[error("{LOG_VARIABLE} is not UTF-8")]
    NotText,
    /// The variable holds no filter.
    #[error("{LOG_VARIABLE} is not a log filter")]
    InvalidFilter(#[from] ParseError),
    /// Somebody has set up logging in this process before.
    #[error("logging is set up already")]
    AlreadySet(#[from] TryInitError),
}

/// Sends the process's log to standard error, so that standard output stays what the program prints. A panic is a line
/// of it.
pub fn init_tracing(format: Format) -> Result<(), TracingError> {
    let filter = filter(env::var(LOG_VARIABLE))?;
    let lines = fmt::layer().with_writer(io::stderr);
    let lines = match format {
        Format::Json => lines.json().flatten_event(true).boxed(),
        Format::Text => lines.boxed(),
    };
    registry().with(lines).with(filter).with(without_details()).try_init()?;
    panic::set_hook(Box::new(|panic| {
        // Only where: what it says may hold whatever the code had in hand.
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "a defect: the program panicked");
    }));
    Ok(())
}

fn without_details() -> Targets {
    let capped = TELL_NO_DETAILS.map(|target| (target, LevelFilter::INFO));
    let silent = TELL_NOTHING.map(|target| (target, LevelFilter::OFF));
    Targets::new().with_default(LevelFilter::TRACE).with_targets(capped).with_targets(silent)
}

fn filter(variable: Result<String, VarError>) -> Result<Targets, TracingError> {
    let text = match variable {
        Ok(text) if !text.trim().is_empty() => text,
        Ok(_) | Err(VarError::NotPresent) => DEFAULT_FILTER.to_owned(),
        Err(VarError::NotUnicode(_)) => return Err(TracingError::NotText),
    };
    Ok(text.parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn without_a_filter_information_is_logged() {
        assert_eq!(filter(Err(VarError::NotPresent)).unwrap().to_string(), "info");
        assert_eq!(filter(Ok(" ".into())).unwrap().to_string(), "info");
    }

    #[test]
    fn a_filter_is_taken_as_given_or_refused() {
        assert_eq!(filter(Ok("deputize_aws=debug".into())).unwrap().to_string(), "deputize_aws=debug");
        assert!(matches!(filter(Ok("deputize=loudly".into())), Err(TracingError::InvalidFilter(_))));
    }

    #[test]
    fn no_setting_makes_a_library_tell_what_it_sends() {
        let filter = without_details();
        for library in [
            "aws_smithy_runtime::client::orchestrator",
            "azure_core::http",
            "hyper::proto::h1",
            "typespec_client_core::http",
        ] {
            assert!(!filter.would_enable(library, &Level::DEBUG), "{library}");
            assert!(filter.would_enable(library, &Level::WARN), "{library}");
        }
        assert!(!filter.would_enable("gcp_auth::types", &Level::ERROR));
        assert!(filter.would_enable("deputize_aws", &Level::TRACE));
    }

    #[test]
    fn logging_is_set_up_once() {
        init_tracing(Format::Json).unwrap();
        assert!(matches!(init_tracing(Format::Text), Err(TracingError::AlreadySet(_))));
    }
}
