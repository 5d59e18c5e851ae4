//! Settings: flags before the environment before `deputize.toml` before defaults, each with where it is from.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use deputize_broker::Secret;
use deputize_clouds::{CloudSettings, InvalidSettings};
use deputize_scope::Cloud;
use serde::Deserialize;
use thiserror::Error;

/// The file of settings, in the working directory.
const FILE: &str = "deputize.toml";

/// What the clouds are, as a function has it: JSON.
const SETTINGS: &str = "DEPUTIZE_SETTINGS";

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

impl Flags {
    /// Takes `--state` away: `deputize audit witness` has a file of its own by that name, and no state directory.
    pub(crate) fn take_state(&mut self) -> Option<PathBuf> {
        self.state.take()
    }
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
    /// Where a cloud's credentials are minted, such as aws=real: sandbox, real, or off (but for AWS) [default: real where
    /// deputize.toml has the cloud's section, else the sandbox].
    #[arg(long, value_name = "CLOUD=WHICH")]
    cloud: Vec<CloudFlag>,
    /// The built web console, to be served at / [default: none is].
    #[arg(long, value_name = "DIR")]
    console: Option<PathBuf>,
}

/// `aws=real`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct CloudFlag(Cloud, Which);

impl FromStr for CloudFlag {
    type Err = InvalidSetting;

    fn from_str(text: &str) -> Result<Self, InvalidSetting> {
        let invalid = || InvalidSetting::new("cloud", text);
        let (cloud, which) = text.split_once('=').ok_or_else(invalid)?;
        let (cloud, which) = (cloud.parse().map_err(|_| invalid())?, which.parse().map_err(|_| invalid())?);
        // Everything here stands on AWS: its store, its keys, its identity.
        if (cloud, which) == (Cloud::Aws, Which::Off) { Err(invalid()) } else { Ok(Self(cloud, which)) }
    }
}

/// Where the credentials of a cloud are minted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Which {
    /// At a sandbox in the same process.
    Sandbox,
    /// At the cloud.
    Real,
    /// Nowhere.
    Off,
}

impl FromStr for Which {
    type Err = InvalidSetting;

    fn from_str(text: &str) -> Result<Self, InvalidSetting> {
        match text {
            "sandbox" => Ok(Self::Sandbox),
            "real" => Ok(Self::Real),
            "off" => Ok(Self::Off),
            other => Err(InvalidSetting::new("cloud", other)),
        }
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sandbox => "sandbox",
            Self::Real => "real",
            Self::Off => "off",
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
    /// Where `up` mints credentials of AWS.
    pub(crate) aws: Setting<Which>,
    /// Where it mints those of Google Cloud.
    pub(crate) gcp: Setting<Which>,
    /// Where it mints those of Azure.
    pub(crate) azure: Setting<Which>,
    /// What the clouds are that are real.
    pub(crate) clouds: Setting<CloudSettings>,
    /// The same as it is written.
    pub(crate) clouds_written: serde_json::Value,
}

/// Why there are no settings.
#[derive(Debug, Error)]
pub(crate) enum SettingsError {
    #[error("cannot read {FILE}")]
    File(#[source] std::io::Error),
    #[error("{FILE} is not as it should be")]
    Shape(#[from] toml::de::Error),
    #[error("{SETTINGS} is not the JSON that it should be")]
    Variable(#[from] serde_json::Error),
    #[error("{origin} says of the clouds what is not understood")]
    CloudShape { origin: Origin, source: serde_json::Error },
    #[error(transparent)]
    Value(#[from] InvalidSetting),
    #[error(transparent)]
    Clouds(#[from] InvalidSettings),
}

/// `deputize.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct File {
    url: Option<String>,
    token_file: Option<PathBuf>,
    state: Option<PathBuf>,
    listen: Option<String>,
    scopes: Option<Vec<PathBuf>>,
    console: Option<PathBuf>,
    /// The rest: as a function has them, but for where credentials are minted.
    #[serde(flatten)]
    clouds: toml::Table,
}

/// Takes `cloud = …` out of each cloud's section: what is left is what the cloud is.
fn chosen(clouds: &mut toml::Table) -> Result<[Option<Which>; 3], toml::de::Error> {
    let mut take = |section: &str| match clouds.get_mut(section).and_then(toml::Value::as_table_mut) {
        Some(table) => table.remove("cloud").map(toml::Value::try_into).transpose(),
        None => Ok(None),
    };
    let chosen = [take("aws")?, take("gcp")?, take("azure")?];
    // A section that only says where is none.
    clouds.retain(|_, section| section.as_table().is_none_or(|table| !table.is_empty()));
    Ok(chosen)
}

impl Settings {
    /// The settings of the clouds that are real.
    pub(crate) fn real_clouds(&self) -> CloudSettings {
        let all = self.clouds.value.clone();
        CloudSettings {
            gcp: all.gcp.filter(|_| self.gcp.value == Which::Real),
            azure: all.azure.filter(|_| self.azure.value == Which::Real),
            ..all
        }
    }

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
        let mut file: File = toml::from_str(file)?;
        let [aws_in_file, gcp_in_file, azure_in_file] = chosen(&mut file.clouds)?;
        let variable = |name: &'static str| environment(name).map(|value| (value, Origin::Environment(name)));
        let path = |name| variable(name).map(|(value, origin)| (PathBuf::from(value), origin));
        let in_variable = variable("DEPUTIZE_CLOUD").map(|(value, _)| value).unwrap_or_default();
        let in_variable: Vec<CloudFlag> = in_variable
            .split(',')
            .filter(|flag| !flag.is_empty())
            .map(str::parse)
            .collect::<Result<_, _>>()?;
        let which =
            |flags: &[CloudFlag], cloud| flags.iter().rev().find(|flag| flag.0 == cloud).map(|flag| flag.1);
        let which = |cloud, in_file| {
            let variable =
                which(&in_variable, cloud).map(|which| (which, Origin::Environment("DEPUTIZE_CLOUD")));
            first(which(&up.cloud, cloud), variable, in_file)
        };
        let aws = or(which(Cloud::Aws, aws_in_file), || Which::Sandbox);
        let (mut clouds_written, origin) = match variable(SETTINGS) {
            Some((text, origin)) => (serde_json::from_str(&text)?, origin),
            None if file.clouds.is_empty() => (serde_json::json!({}), Origin::Default),
            None => (serde_json::to_value(&file.clouds)?, Origin::File),
        };
        if let Some((role, _)) = variable("DEPUTIZE_AWS_ROLE") {
            set_role(&mut clouds_written, role);
        }
        let clouds = CloudSettings::deserialize(&clouds_written);
        let clouds = clouds.map_err(|source| SettingsError::CloudShape { origin, source })?;
        clouds.validate()?;
        let clouds = Setting { value: clouds, origin };
        let beside = |is_configured| match (is_configured, aws.value) {
            (true, _) => Which::Real,
            (false, Which::Sandbox) => Which::Sandbox,
            (false, _) => Which::Off,
        };
        let gcp = or(which(Cloud::Gcp, gcp_in_file), || beside(clouds.value.gcp.is_some()));
        let azure = or(which(Cloud::Azure, azure_in_file), || beside(clouds.value.azure.is_some()));
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
            aws,
            gcp,
            azure,
            clouds,
            clouds_written,
        })
    }
}

/// Sets `aws.role`, where what is written has a place for it: what has none is refused a moment later.
fn set_role(clouds: &mut serde_json::Value, role: String) {
    let aws =
        clouds.as_object_mut().map(|clouds| clouds.entry("aws").or_insert_with(|| serde_json::json!({})));
    if let Some(aws) = aws.and_then(serde_json::Value::as_object_mut) {
        aws.insert("role".to_owned(), role.into());
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
        assert_eq!((settings.aws.value, settings.aws.origin), (Which::Sandbox, Origin::Default));
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
        for file in ["tokn_file = 'x'", "token = 'secret'", "[aws]\nregin = 'x'", "[gcp]\ncloud = 'x'"] {
            assert!(
                Settings::layer(Flags::default(), UpFlags::default(), &|_| None, file).is_err(),
                "{file}"
            );
        }
    }

    #[test]
    fn where_a_cloud_is_follows_from_what_is_said_of_it() {
        let which = |settings: &Settings| [settings.aws.value, settings.gcp.value, settings.azure.value];
        let ambient = "[gcp]\nambient = true";
        for (environment, file, expected) in [
            (None, "", [Which::Sandbox, Which::Sandbox, Which::Sandbox]),
            (None, ambient, [Which::Sandbox, Which::Real, Which::Sandbox]),
            (None, "[aws]\ncloud = 'real'", [Which::Real, Which::Off, Which::Off]),
            (None, "[gcp]\ncloud = 'off'", [Which::Sandbox, Which::Off, Which::Sandbox]),
            (Some("aws=real,gcp=sandbox"), ambient, [Which::Real, Which::Sandbox, Which::Off]),
        ] {
            let variable = environment.map(|value| ("DEPUTIZE_CLOUD", value));
            let settings = layered(Flags::default(), variable.as_slice(), file);
            assert_eq!(which(&settings), expected, "{environment:?} {file}");
        }
    }

    #[test]
    fn the_clouds_are_said_in_a_variable_as_a_function_has_them() {
        let variable = ("DEPUTIZE_SETTINGS", r#"{"azure":{"managed_identity":true}}"#);
        let settings = layered(Flags::default(), &[variable], "[gcp]\nambient = true");
        assert!(settings.clouds.value.gcp.is_none());
        assert!(settings.clouds.value.azure.is_some_and(|azure| azure.managed_identity));
        assert_eq!(settings.clouds.origin, Origin::Environment("DEPUTIZE_SETTINGS"));
    }

    #[test]
    fn a_cloud_that_is_not_known_is_refused() {
        for value in ["oracle=real", "gcp", "gcp=mine", "aws=off"] {
            let environment = |name: &str| (name == "DEPUTIZE_CLOUD").then(|| value.to_owned());
            let settings = Settings::layer(Flags::default(), UpFlags::default(), &environment, "");
            assert!(settings.is_err(), "{value}");
        }
    }
}
