//! From the start of a function's process to its first answer, on a Runtime API host in this process, and what it costs
//! once it runs. Beside each function a handler in Python that does the same, against the same services.

mod clouds;
mod contender;

use std::time::Duration;

use deputize_e2e::{Environment, HarnessError, RuntimeApi};
use tokio::time::Instant;

use self::clouds::Clouds;
use self::contender::{Contender, Role};
use crate::samples::Samples;
use crate::table::Table;

/// How often a function that has started is asked again.
const WARM: usize = 20;

/// How often it is asked to learn how much of a processor an answer takes, which the system tells in hundredths of a
/// second.
const BUSY: u32 = 300;

/// What one start of a contender showed.
struct Start {
    first: Duration,
    warm: Vec<Duration>,
    /// In bytes, after the first answer.
    memory: u64,
}

/// One table for each function: the function, the same in Python, and what any function in Rust takes.
pub(crate) async fn run(environment: &Environment, runs: usize) -> Result<Vec<Table>, HarnessError> {
    let mut clouds = Clouds::start(environment).await?;
    let mut tables = Vec::new();
    for role in Role::ALL {
        tables.push(compare(environment, &mut clouds, role, runs).await?);
    }
    Ok(tables)
}

async fn compare(
    environment: &Environment,
    clouds: &mut Clouds,
    role: Role,
    runs: usize,
) -> Result<Table, HarnessError> {
    let contenders = contender::of(environment, clouds, role)?;
    // In turns, so that a busy moment of the machine meets all of them.
    let mut starts: Vec<Vec<Start>> = contenders.iter().map(|_| Vec::new()).collect();
    for _ in 0..runs {
        for (contender, starts) in contenders.iter().zip(&mut starts) {
            starts.push(start(environment, clouds, contender).await?);
        }
    }
    let columns = [
        "first answer p50, ms",
        "first answer p90, ms",
        "next answers p50, ms",
        "processor, ms/answer",
        "memory, MB",
    ];
    let mut table = Table::new(role.title(), &columns);
    for (contender, starts) in contenders.iter().zip(&starts) {
        let first: Samples = starts.iter().map(|start| start.first).collect();
        let warm: Samples = starts.iter().flat_map(|start| start.warm.iter().copied()).collect();
        let memory = starts.iter().map(|start| start.memory).max().unwrap_or(0) as f64 / 1e6;
        let busy = processor(environment, clouds, contender).await?;
        table.row(
            contender.name,
            &[first.percentile(50), first.percentile(90), warm.percentile(50), busy, memory],
        );
    }
    Ok(table)
}

async fn start(
    environment: &Environment,
    clouds: &mut Clouds,
    contender: &Contender,
) -> Result<Start, HarnessError> {
    clouds.prepare(contender).await?;
    let host = RuntimeApi::start().await?;
    let command = contender.command(environment);

    let started = Instant::now();
    let function = host.spawn_command(environment, command)?;
    let answer = host.invoke(contender.event.clone()).await?;
    let first = started.elapsed();
    contender.verify(&answer)?;
    let memory = function.peak_memory().unwrap_or(0);

    let mut warm = Vec::with_capacity(WARM);
    for _ in 0..WARM {
        clouds.prepare(contender).await?;
        warm.push(host.invoke(contender.event.clone()).await?.elapsed);
    }
    Ok(Start { first, warm, memory })
}

/// How many milliseconds of a processor an answer takes, once the function is warm.
async fn processor(
    environment: &Environment,
    clouds: &mut Clouds,
    contender: &Contender,
) -> Result<f64, HarnessError> {
    let host = RuntimeApi::start().await?;
    let function = host.spawn_command(environment, contender.command(environment))?;
    for _ in 0..WARM {
        clouds.prepare(contender).await?;
        host.invoke(contender.event.clone()).await?;
    }
    let before = function.processor_time().unwrap_or_default();
    for _ in 0..BUSY {
        clouds.prepare(contender).await?;
        host.invoke(contender.event.clone()).await?;
    }
    let spent = function.processor_time().unwrap_or_default().saturating_sub(before);
    Ok(spent.as_secs_f64() * 1e3 / f64::from(BUSY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_yardsticks_in_python_do_the_work() -> Result<(), HarnessError> {
        let environment = Environment::locate()?;
        let mut clouds = Clouds::start(&environment).await?;
        for role in Role::ALL {
            let contenders = contender::of(&environment, &clouds, role)?;
            let python = contenders.iter().find(|one| one.is_yardstick).unwrap();
            clouds.prepare(python).await?;
            let host = RuntimeApi::start().await?;
            host.spawn_command(&environment, python.command(&environment))?;
            python.verify(&host.invoke(python.event.clone()).await?)?;
        }
        let rows = async |partition: &str| clouds.yardstick_rows(partition).await;
        assert_eq!(rows("acme#lease").await?, 1, "one lease");
        assert_eq!(rows("acme#outbox").await?, 0, "what waited was taken");
        assert_eq!(rows("acme#ledger").await?, 3, "the head, the lease's event, and the one that was left");
        Ok(())
    }
}
