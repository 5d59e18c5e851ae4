//! `deputize up` as a process, with a state directory that survives its death.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::{Environment, HarnessError, Process};

/// It is ready in well under two seconds; the rest is for a machine that is busy with other tests.
const START: Duration = Duration::from_secs(60);

/// A running `deputize up` with a state directory of its own.
#[derive(Debug)]
pub struct DeputizeProcess {
    environment: Environment,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    state: TempDir,
    process: Process,
    url: String,
    earlier_output: String,
}

impl DeputizeProcess {
    /// Starts `deputize up --listen 127.0.0.1:0 --state DIR ARGUMENTS` and waits until it says `ready`.
    ///
    /// # Errors
    /// [`HarnessError`] where it does not; its output is in the error.
    pub async fn start(environment: &Environment, arguments: &[&str]) -> Result<Self, HarnessError> {
        Self::start_with(environment, arguments, &[]).await
    }

    /// The same with environment variables. It sees no others of this machine ([`Environment::command`]).
    ///
    /// # Errors
    /// As [`DeputizeProcess::start`].
    pub async fn start_with(
        environment: &Environment,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Result<Self, HarnessError> {
        let state =
            TempDir::with_prefix("deputize-").map_err(HarnessError::io("creating a state directory"))?;
        let arguments: Vec<_> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let variables: Vec<_> =
            variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let (process, url) = launch(environment, state.path(), &arguments, &variables).await?;
        let environment = environment.clone();
        let earlier_output = String::new();
        Ok(Self { environment, arguments, variables, state, process, url, earlier_output })
    }

    /// `http://127.0.0.1:PORT`. Another port after each restart.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The state directory, removed when this is dropped.
    #[must_use]
    pub fn state(&self) -> &Path {
        self.state.path()
    }

    /// The administrator's token.
    ///
    /// # Errors
    /// [`HarnessError::Io`] where its file is not there.
    pub fn admin_token(&self) -> Result<String, HarnessError> {
        read_token(self.state().join("admin.token"))
    }

    /// An agent's token.
    ///
    /// # Errors
    /// [`HarnessError::Io`] where its file is not there.
    pub fn agent_token(&self, agent: &str) -> Result<String, HarnessError> {
        read_token(self.state().join("agents").join(format!("{agent}.token")))
    }

    /// Its process: id, memory, whether it runs.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Ends it by SIGKILL, at whatever it is doing.
    ///
    /// # Errors
    /// [`HarnessError::Io`] where the operating system refuses.
    pub fn kill(&mut self) -> Result<(), HarnessError> {
        self.process.kill()
    }

    /// Kills it if it runs, and starts it again on the same state.
    ///
    /// # Errors
    /// As [`DeputizeProcess::start`].
    pub async fn restart(&mut self) -> Result<(), HarnessError> {
        self.kill()?;
        self.earlier_output += &self.process.output();
        let launched = launch(&self.environment, self.state.path(), &self.arguments, &self.variables);
        (self.process, self.url) = launched.await?;
        Ok(())
    }

    /// Everything it has written to standard output and standard error, over all restarts.
    #[must_use]
    pub fn output(&self) -> String {
        self.earlier_output.clone() + &self.process.output()
    }

    /// Another command of the same binary, with `DEPUTIZE_URL` and `DEPUTIZE_TOKEN` set for it.
    ///
    /// # Errors
    /// [`HarnessError::Environment`] where the binary is not built.
    pub fn command(&self, token: &str) -> Result<Command, HarnessError> {
        let mut command = self.environment.command(&self.environment.binary("deputize")?);
        command.env("DEPUTIZE_URL", &self.url).env("DEPUTIZE_TOKEN", token);
        Ok(command)
    }
}

async fn launch(
    environment: &Environment,
    state: &Path,
    arguments: &[String],
    variables: &[(String, String)],
) -> Result<(Process, String), HarnessError> {
    let mut command = environment.command(&environment.binary("deputize")?);
    command.args(["up", "--listen", "127.0.0.1:0", "--state"]).arg(state).args(arguments);
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    // Nothing in the folder that tests run in (a `deputize.toml`, say) may play a part.
    command.current_dir(state);
    let mut process = Process::start("deputize", command, &environment.logs())?;
    let url = process
        .line("the line `ready http://…`", START, |line| {
            line.strip_prefix("ready ").map(|url| url.trim_end_matches('/').to_owned())
        })
        .await?;
    Ok((process, url))
}

fn read_token(path: PathBuf) -> Result<String, HarnessError> {
    let reading = HarnessError::io(format!("reading {}", path.display()));
    std::fs::read_to_string(&path).map(|token| token.trim().to_owned()).map_err(reading)
}
