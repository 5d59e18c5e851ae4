//! A host of the Lambda Runtime API in the process: what a function binary talks to inside Lambda.
//!
//! Source: AWS, "Using the Lambda runtime API for custom runtimes" (version 2018-06-01).

mod answer;
mod calls;
mod routes;

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

pub use answer::Answer;

use self::calls::{Calls, FunctionError, lock};
use crate::{Environment, HarnessError, Process};

/// API Gateway waits no longer than 29 s for a function (quota of HTTP APIs: 30 s).
const INVOCATION: Duration = Duration::from_secs(30);

/// How often it is checked that there still is a function to answer.
const LIVENESS: Duration = Duration::from_millis(20);

/// The host. Events are handed to whichever spawned function asks first, as Lambda does with its
/// execution environments: spawn several for several invocations at once.
#[derive(Debug)]
pub struct RuntimeApi {
    address: String,
    calls: Arc<Calls>,
    functions: Mutex<Vec<Function>>,
    server: JoinHandle<()>,
}

/// A spawned function: one execution environment.
#[derive(Clone, Debug)]
pub struct Function {
    process: Arc<Mutex<Process>>,
}

impl RuntimeApi {
    /// Serves on a port that the operating system chooses.
    ///
    /// # Errors
    /// [`HarnessError::Io`] where no port can be opened.
    pub async fn start() -> Result<Self, HarnessError> {
        let opening = || HarnessError::io("opening a port for the Runtime API");
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(opening())?;
        let address = listener.local_addr().map_err(opening())?.to_string();
        let calls = Arc::new(Calls::new());
        let router = routes::router(Arc::clone(&calls));
        let server = tokio::spawn(async move {
            // Ends only with the task; a failed accept is retried inside.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, calls, functions: Mutex::default(), server })
    }

    /// `127.0.0.1:PORT`, what a function finds in `AWS_LAMBDA_RUNTIME_API`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Starts a function binary as Lambda would: with `variables`, Lambda's own, and nothing else of
    /// this process's environment.
    ///
    /// # Errors
    /// [`HarnessError::Io`] where it cannot be started.
    pub fn spawn<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        &self,
        environment: &Environment,
        binary: &Path,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Function, HarnessError> {
        let mut command = environment.command(binary);
        command.envs(variables);
        self.spawn_command(environment, command)
    }

    /// Starts a function that needs more than a binary, such as an interpreter with a script.
    ///
    /// # Errors
    /// [`HarnessError::Io`] where it cannot be started.
    pub fn spawn_command(
        &self,
        environment: &Environment,
        mut command: Command,
    ) -> Result<Function, HarnessError> {
        let name = Path::new(command.get_program())
            .file_name()
            .map_or_else(|| "function".to_owned(), |name| name.to_string_lossy().into_owned());
        command
            .env("AWS_LAMBDA_RUNTIME_API", &self.address)
            .env("AWS_LAMBDA_FUNCTION_NAME", &name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{name}"))
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "2026/03/12/[$LATEST]00000000000000000000000000000000")
            .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand");
        let process = Process::start(&name, command, &environment.logs())?;
        let function = Function { process: Arc::new(Mutex::new(process)) };
        lock(&self.functions).push(function.clone());
        Ok(function)
    }

    /// Hands an event to a function and waits for its answer.
    ///
    /// # Errors
    /// [`HarnessError::Function`] where the function answers with an error or could not initialise,
    /// [`HarnessError::Exited`] where every spawned function has ended, [`HarnessError::TimedOut`]
    /// after 30 s.
    pub async fn invoke(&self, event: impl Into<Value>) -> Result<Answer, HarnessError> {
        let started = Instant::now();
        let mut outcome = self.calls.submit(&event.into());
        loop {
            tokio::select! {
                // The answer first: a function may end right after it.
                biased;
                outcome = &mut outcome => {
                    let outcome = outcome.unwrap_or_else(|_| Err(FunctionError::abandoned()));
                    return Answer::new(outcome, started.elapsed());
                }
                () = sleep(LIVENESS) => {}
            }
            if let Some(error) = self.calls.init_error() {
                return Err(error.into());
            }
            self.ensure_any_running()?;
            if started.elapsed() >= INVOCATION {
                let what = "the function's answer".to_owned();
                return Err(HarnessError::TimedOut { what, limit: INVOCATION });
            }
        }
    }

    fn ensure_any_running(&self) -> Result<(), HarnessError> {
        let mut ended = Ok(());
        for function in lock(&self.functions).iter() {
            match function.with(Process::ensure_running) {
                Ok(()) => return Ok(()),
                error => ended = error,
            }
        }
        ended
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Function {
    /// The most memory it has had resident so far, in bytes; see [`Process::peak_memory`].
    #[must_use]
    pub fn peak_memory(&self) -> Option<u64> {
        self.with(|process| process.peak_memory())
    }

    /// How long it has had a processor; see [`Process::processor_time`].
    #[must_use]
    pub fn processor_time(&self) -> Option<Duration> {
        self.with(|process| process.processor_time())
    }

    /// Everything it has written.
    #[must_use]
    pub fn output(&self) -> String {
        self.with(|process| process.output())
    }

    /// Ends it by SIGKILL.
    ///
    /// # Errors
    /// [`HarnessError::Io`] where the operating system refuses.
    pub fn kill(&self) -> Result<(), HarnessError> {
        self.with(Process::kill)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Process) -> T) -> T {
        act(&mut lock(&self.process))
    }
}
