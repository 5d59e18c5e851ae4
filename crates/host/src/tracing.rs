use std::env::{self, VarError};
use std::io;

use thiserror::Error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

/// The environment variable that says what is logged: `debug`, or `info,deputize_aws=debug`.
pub const LOG_VARIABLE: &str = "DEPUTIZE_LOG";

/// What is logged where the variable is absent or empty.
const DEFAULT_FILTER: &str = "info";

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

/// Sends the process's log to standard error, so that standard output stays what the program prints.
pub fn init_tracing(format: Format) -> Result<(), TracingError> {
    let filter = filter(env::var(LOG_VARIABLE))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match format {
        Format::Json => lines.json().flatten_event(true).finish().try_init()?,
        Format::Text => lines.finish().try_init()?,
    }
    Ok(())
}

fn filter(variable: Result<String, VarError>) -> Result<EnvFilter, TracingError> {
    let text = match variable {
        Ok(text) if !text.trim().is_empty() => text,
        Ok(_) | Err(VarError::NotPresent) => DEFAULT_FILTER.to_owned(),
        Err(VarError::NotUnicode(_)) => return Err(TracingError::NotText),
    };
    Ok(EnvFilter::try_new(text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn logging_is_set_up_once() {
        init_tracing(Format::Json).unwrap();
        assert!(matches!(init_tracing(Format::Text), Err(TracingError::AlreadySet(_))));
    }
}
