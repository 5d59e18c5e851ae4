//! A NATS server.

use std::path::Path;
use std::time::Duration;

use crate::{Environment, HarnessError, Process};

/// It starts in milliseconds; the rest is for a machine that is busy with other tests.
const START: Duration = Duration::from_secs(60);

/// A running NATS server on the loopback interface.
#[derive(Debug)]
pub struct NatsServer {
    environment: Environment,
    arguments: Vec<String>,
    port: u16,
    process: Process,
}

impl NatsServer {
    /// Starts one on a port that the operating system chooses, with further arguments as in `["--auth", "token"]`.
    ///
    /// # Errors
    /// [`HarnessError`] where it does not come up; its output is in the error.
    pub async fn start(environment: &Environment, arguments: &[&str]) -> Result<Self, HarnessError> {
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let (process, port) = run(environment, &arguments, None).await?;
        Ok(Self { environment: environment.clone(), arguments, port, process })
    }

    /// `127.0.0.1:PORT`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Ends it, as a power cut would.
    ///
    /// # Errors
    /// [`HarnessError::Io`] where the operating system refuses.
    pub fn stop(&mut self) -> Result<(), HarnessError> {
        self.process.kill()
    }

    /// Starts it again, on the same port.
    ///
    /// # Errors
    /// As [`NatsServer::start`].
    pub async fn restart(&mut self) -> Result<(), HarnessError> {
        self.stop()?;
        (self.process, self.port) = run(&self.environment, &self.arguments, Some(self.port)).await?;
        Ok(())
    }
}

async fn run(
    environment: &Environment,
    arguments: &[String],
    port: Option<u16>,
) -> Result<(Process, u16), HarnessError> {
    // A port of -1 is one that is free.
    let asked = port.map_or("-1".to_owned(), |port| port.to_string());
    let mut command = environment.command(Path::new("nats-server"));
    command.args(["--addr", "127.0.0.1", "--port", &asked]).args(arguments);
    let mut process = Process::start("nats-server", command, &environment.logs())?;
    let port = process
        .line("the line with its port", START, |line| {
            let (_, address) = line.split_once("Listening for client connections on ")?;
            address.trim().rsplit_once(':')?.1.parse().ok()
        })
        .await?;
    process.line("that it is ready", START, |line| line.contains("Server is ready").then_some(())).await?;
    Ok((process, port))
}
