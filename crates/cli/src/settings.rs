//! Settings: flags before the environment before `deputize.toml` before defaults, each with where it is from.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use deputize_broker::Secret;
use serde::Deserialize;
use thiserror::Error;

/// The file of settings, in the working directory.
const FILE: &str = "deputize.toml";

/// The settings that every command takes as flags. There is none for the token: arguments are seen by everybody on
/// a machine.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Flags {
    /// The broker's address [default: that of the local state directory].
    #[arg(long, global = true, value_name = "URL")]
    url: Option<String>,
    /// A file with the bearer token [default: that of the local state directory].
    #[arg(long, global = true, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// The local state directory [default: .deputize].
    #[arg(long, global = true, value_name = "DIR")]
    state: Option<PathBuf>,
}

/// What `deputize up` takes as flags beside those.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct UpFlags {
    /// Where to listen [default: 127.0.0.1:7117].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// The scope document to publish where it differs from the current one.
    #[arg(long, value_name = "FILE")]
    scopes: Vec<PathBuf>,
    /// Which cloud credentials are minted at: aws=sandbox or aws=real [default: aws=sandbox].
    #[arg(long, value_name = "CLOUD=WHICH")]
    cloud: Vec<CloudFlag>,
    /// The built web console, to be served at / [default: none is].
    #[arg(long, value_name = "DIR")]
    console: Option<PathBuf>,
}

/// `aws=sandbox` or `aws=real`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct CloudFlag(AwsCloud);

impl FromStr for CloudFlag {
    type Err = InvalidSetting;

    fn from_str(text: &str) -> Result<Self, InvalidSetting> {
        let which = text.strip_prefix("aws=").ok_or_else(|| InvalidSetting::new("cloud", text))?;
        which.parse().map(Self)
    }
}

/// Which AWS credentials are minted at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AwsCloud {
    /// The sandbox in the same process.
    Sandbox,
    /// AWS, with the credentials that the SDK finds.
    Real,
}

impl FromStr for AwsCloud {
    type Err = InvalidSetting;

    fn from_str(text: &str) -> Result<Self, InvalidSetting> {
        match text {
            "sandbox" => Ok(Self::Sandbox),
            "real" => Ok(Self::Real),
            other => Err(InvalidSetting::new("cloud", other)),
        }
    }
}

impl fmt::Display for AwsCloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sandbox => "sandbox",
            Self::Real => "real",
        })
    }
}

/// A value that a setting cannot have.
#[derive(Debug, Error)]
#[error("{name} cannot be {value:?}")]
pub(crate) struct InvalidSetting {
    name: &'static str,
    value: String,
}

impl InvalidSetting {
    fn new(name: &'static str, value: &str) -> Self {
        Self { name, value: value.to_owned() }
    }
}

/// Where a setting is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Flag,
    Environment(&'static str),
    File,
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("flag"),
            Self::Environment(name) => f.write_str(name),
            Self::File => f.write_str(FILE),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value and where it is from.
#[derive(Clone, Debug)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

/// The effective settings.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The broker's address; without one, that of the state directory.
    pub(crate) url: Setting<Option<String>>,
    /// The bearer token itself.
    pub(crate) token: Setting<Option<Secret>>,
    /// The file with the bearer token; without one, that of the state directory.
    pub(crate) token_file: Setting<Option<PathBuf>>,
    /// The local state directory.
    pub(crate) state: Setting<PathBuf>,
    /// Where `up` listens.
    pub(crate) listen: Setting<String>,
    /// The scope documents that `up` publishes.
    pub(crate) scopes: Setting<Vec<PathBuf>>,
    /// The web console that `up` serves.
    pub(crate) console: Setting<Option<PathBuf>>,
    /// Which AWS `up` mints at.
    pub(crate) aws: Setting<AwsCloud>,
    /// The role of an agent whose scope names none, with `{agent}` in it.
    pub(crate) aws_role: Setting<Option<String>>,
}

/// Why there are no settings.
#[derive(Debug, Error)]
pub(crate) enum SettingsError {
    #[error("cannot read {FILE}")]
    File(#[source] std::io::Error),
    #[error("{FILE} is not as it should be")]
    Shape(#[from] toml::de::Error),
    #[error(transparent)]
    Value(#[from] InvalidSetting),
}

/// `deputize.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    url: Option<String>,
    token_file: Option<PathBuf>,
    state: Option<PathBuf>,
    listen: Option<String>,
    scopes: Option<Vec<PathBuf>>,
    console: Option<PathBuf>,
    aws: AwsTable,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct AwsTable {
    cloud: Option<AwsCloud>,
    role: Option<String>,
}

impl Settings {
    /// The settings of a command that speaks to a broker.
    pub(crate) fn load(flags: Flags) -> Result<Self, SettingsError> {
        Self::load_up(flags, UpFlags::default())
    }

    /// The settings of `deputize up`.
    pub(crate) fn load_up(flags: Flags, up: UpFlags) -> Result<Self, SettingsError> {
        let file = match std::fs::read_to_string(Path::new(FILE)) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(SettingsError::File(error)),
        };
        // An empty variable is how a shell says that there is none.
        let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self::layer(flags, up, &environment, &file)
    }

    fn layer(
        flags: Flags,
        up: UpFlags,
        environment: &dyn Fn(&str) -> Option<String>,
        file: &str,
    ) -> Result<Self, SettingsError> {
        let file: File = toml::from_str(file)?;
        let variable = |name: &'static str| environment(name).map(|value| (value, Origin::Environment(name)));
        let path = |name| variable(name).map(|(value, origin)| (PathBuf::from(value), origin));
        let aws = match variable("DEPUTIZE_CLOUD") {
            Some((value, origin)) => Some((value.parse::<CloudFlag>()?.0, origin)),
            None => None,
        };
        let scopes = variable("DEPUTIZE_SCOPES")
            .map(|(value, origin)| (std::env::split_paths(&value).collect::<Vec<_>>(), origin));
        let token_file = first(flags.token_file, path("DEPUTIZE_TOKEN_FILE"), file.token_file);
        let token = variable("DEPUTIZE_TOKEN").map(|(value, origin)| (Secret::new(value), origin));
        // Who names a file by a flag means it, whatever is in the environment.
        let token = token.filter(|_| token_file.as_ref().is_none_or(|(_, origin)| *origin != Origin::Flag));
        Ok(Self {
            url: optional(first(flags.url, variable("DEPUTIZE_URL"), file.url)),
            token: optional(token),
            token_file: optional(token_file),
            state: or(first(flags.state, path("DEPUTIZE_STATE"), file.state), || ".deputize".into()),
            listen: or(first(up.listen, variable("DEPUTIZE_LISTEN"), file.listen), || {
                "127.0.0.1:7117".into()
            }),
            scopes: or(first(some(up.scopes), scopes, file.scopes), Vec::new),
            console: optional(first(up.console, path("DEPUTIZE_CONSOLE"), file.console)),
            aws: or(first(up.cloud.last().map(|flag| flag.0), aws, file.aws.cloud), || AwsCloud::Sandbox),
            aws_role: optional(first(None, variable("DEPUTIZE_AWS_ROLE"), file.aws.role)),
        })
    }
}

type Found<T> = Option<(T, Origin)>;

fn first<T>(flag: Option<T>, environment: Found<T>, file: Option<T>) -> Found<T> {
    flag.map(|value| (value, Origin::Flag)).or(environment).or(file.map(|value| (value, Origin::File)))
}

fn or<T>(found: Found<T>, default: impl FnOnce() -> T) -> Setting<T> {
    let (value, origin) = found.unwrap_or_else(|| (default(), Origin::Default));
    Setting { value, origin }
}

fn optional<T>(found: Found<T>) -> Setting<Option<T>> {
    or(found.map(|(value, origin)| (Some(value), origin)), || None)
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layered(flags: Flags, environment: &[(&str, &str)], file: &str) -> Settings {
        let variable = |name: &str| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Settings::layer(flags, UpFlags::default(), &variable, file).unwrap()
    }

    #[test]
    fn a_flag_goes_before_the_environment_and_that_before_the_file() {
        let flags = Flags { url: Some("http://flag".into()), ..Flags::default() };
        let environment = [("DEPUTIZE_URL", "http://environment"), ("DEPUTIZE_STATE", "environment")];
        let file = "url = 'http://file'\nstate = 'file'\nlisten = '127.0.0.1:1'\nconsole = 'built'";
        let settings = layered(flags, &environment, file);
        assert_eq!((settings.url.value.as_deref(), settings.url.origin), (Some("http://flag"), Origin::Flag));
        assert_eq!(settings.state.value, PathBuf::from("environment"));
        assert_eq!(settings.state.origin, Origin::Environment("DEPUTIZE_STATE"));
        assert_eq!((settings.listen.value.as_str(), settings.listen.origin), ("127.0.0.1:1", Origin::File));
        assert_eq!(settings.console.value, Some(PathBuf::from("built")));
        assert_eq!((settings.aws.value, settings.aws.origin), (AwsCloud::Sandbox, Origin::Default));
    }

    #[test]
    fn a_token_file_given_as_a_flag_goes_before_a_token_in_the_environment() {
        let environment = [("DEPUTIZE_TOKEN", "canary")];
        assert!(layered(Flags::default(), &environment, "").token.value.is_some());
        let flags = Flags { token_file: Some("here".into()), ..Flags::default() };
        assert!(layered(flags, &environment, "").token.value.is_none());
    }

    #[test]
    fn settings_do_not_show_the_token_when_they_are_debugged() {
        let settings = layered(Flags::default(), &[("DEPUTIZE_TOKEN", "canary")], "");
        assert!(!format!("{settings:?}").contains("canary"));
    }

    #[test]
    fn an_unknown_setting_in_the_file_is_refused() {
        for file in ["tokn_file = 'x'", "token = 'secret'", "[aws]\nregion = 'x'"] {
            assert!(
                Settings::layer(Flags::default(), UpFlags::default(), &|_| None, file).is_err(),
                "{file}"
            );
        }
    }

    #[test]
    fn a_cloud_that_is_not_known_is_refused() {
        let environment = |name: &str| (name == "DEPUTIZE_CLOUD").then(|| "gcp=real".to_owned());
        assert!(Settings::layer(Flags::default(), UpFlags::default(), &environment, "").is_err());
    }
}
