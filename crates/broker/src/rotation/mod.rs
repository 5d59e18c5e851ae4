//! Rotation: stored credentials are renewed by themselves, and whoever uses them never notices.
//!
//! A rotation is a state machine ([`state`], [`machine`]): `steady → generating → distributing → verifying → revoking →
//! steady`, with `rolling_back` and `failed`. The machine is pure: it is told what happened and says what to do next. The
//! [`driver`] does it: takes what is due, claims it, runs one effect, writes what came of it, and so on.
//!
//! What always holds, whoever crashes when:
//! - who uses the credential has a working version: the former one is disabled only when every consumer has said that it
//!   uses the new one, and agents are told of a new one only when it has worked several times in a row;
//! - what a provider may have made without saying so is looked for before anything else is made, and in the end;
//! - each step is written down with the change that it makes.

mod adopt;
mod ask;
mod connectors;
pub mod driver;
mod effect;
pub mod machine;
mod meanwhile;
mod record;
mod removal;
mod reschedule;
pub mod schedule;
pub mod state;
pub mod told;
mod trouble;

pub use self::adopt::AdoptError;
pub use self::ask::AskError;
pub use self::connectors::ConnectorError;
pub use self::driver::{Providers, Rotator, TickError, Ticked};
pub use self::schedule::{Renewal, Schedule};
pub use self::state::{Phase, Rotation};
pub use self::told::{Evidence, Reason, Severity, StepTaken};
