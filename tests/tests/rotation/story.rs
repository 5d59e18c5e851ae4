//! What an auditor reads of rotations.

use std::collections::BTreeMap;
use std::path::Path;

use deputize_broker::audit::What;
use deputize_broker::ports::rotation::OperationId;
use deputize_broker::rotation::StepTaken;
use deputize_broker::rotation::told::Reason;

use crate::records;

/// What was told of each rotation, in order.
pub(crate) struct Story {
    operations: BTreeMap<(String, OperationId), Vec<Told>>,
    /// Of each credential, the rotations in the order in which they were told of, each as often as it was.
    orders: BTreeMap<String, Vec<OperationId>>,
}

enum Told {
    Step(StepTaken),
    GivenUp(Reason),
}

impl Told {
    /// Where in a rotation it may be told. None: anywhere.
    fn place(&self) -> Option<u8> {
        Some(match self {
            Self::Step(step) => match step {
                StepTaken::Began => 0,
                StepTaken::Asked => 1,
                StepTaken::Created { .. } => 2,
                StepTaken::Worked { .. } | StepTaken::NotYet => 3,
                StepTaken::Distributed { .. } => 4,
                StepTaken::Adopted { .. } => 5,
                StepTaken::AdoptedByAll { .. } | StepTaken::SeenInUse { .. } => 6,
                StepTaken::Disabled { .. } | StepTaken::LeftToSoak { .. } => 7,
                StepTaken::Deleted { .. } => 8,
                StepTaken::Completed | StepTaken::RolledBack { .. } => 9,
                StepTaken::OrphanDeleted { .. } | StepTaken::Failed { .. } => return None,
            },
            // A key that cannot be taken away is tried again.
            Self::GivenUp(Reason::NotRevoked { .. }) => return None,
            Self::GivenUp(_) => 6,
        })
    }

    fn is_end(&self) -> bool {
        self.place() == Some(9)
    }
}

impl Story {
    /// Reads it from the state that a dead process left behind, and checks that it can be told so: every rotation goes
    /// from one step to the next, does each once, comes to its end, and none begins before the one before it has ended.
    pub(crate) async fn read(state: &Path) -> Self {
        let mut events = records::read(state).await.events;
        // Ids tell events apart by the millisecond.
        events.sort_by_key(|event| (event.at, event.id));
        let mut story = Self { operations: BTreeMap::new(), orders: BTreeMap::new() };
        for event in events {
            let (credential, operation, told) = match event.what {
                What::RotationStep { credential, operation, step, .. } => {
                    (credential, operation, Told::Step(step))
                }
                What::RotationFailed { credential, operation, reason, .. } => {
                    (credential, operation, Told::GivenUp(reason))
                }
                _ => continue,
            };
            let (credential, operation) = (credential.to_string(), operation.unwrap());
            story.orders.entry(credential.clone()).or_default().push(operation);
            story.operations.entry((credential, operation)).or_default().push(told);
        }
        story.check();
        story
    }

    fn check(&self) {
        for ((credential, _), told) in &self.operations {
            let shown = || format!("{credential}: {:?}", told.iter().map(Told::shown).collect::<Vec<_>>());
            let places: Vec<u8> = told.iter().filter_map(Told::place).collect();
            assert!(places.is_sorted(), "{}", shown());
            assert!(told.last().unwrap().is_end(), "{}", shown());
            let times = |place| places.iter().filter(|at| **at == place).count();
            for once in [0, 9] {
                assert_eq!(times(once), 1, "{}", shown());
            }
            if told.iter().any(|one| matches!(one, Told::Step(StepTaken::Completed))) {
                for once in [2, 4, 7, 8] {
                    assert_eq!(times(once), 1, "{}", shown());
                }
                // Asked again only where the answer was lost. The last call of a row that works is told as `Distributed`.
                assert!(times(1) >= 1 && times(3) >= 2 && times(5) + times(6) >= 1, "{}", shown());
            }
        }
        for (credential, order) in &self.orders {
            let mut one_by_one = order.clone();
            one_by_one.dedup();
            let all = self.operations.keys().filter(|(of, _)| of == credential).count();
            assert_eq!(one_by_one.len(), all, "{credential}: two rotations at once");
        }
    }

    /// How many rotations of a credential replaced its key.
    pub(crate) fn completed(&self, id: &str) -> usize {
        let of = self.operations.iter().filter(|((credential, _), _)| credential == id);
        of.filter(|(_, told)| told.iter().any(|one| matches!(one, Told::Step(StepTaken::Completed)))).count()
    }

    /// How many rotations were given up.
    pub(crate) fn rolled_back(&self) -> usize {
        self.count(|told| matches!(told, Told::Step(StepTaken::RolledBack { .. })))
    }

    /// How many keys were found that a lost answer had left behind.
    pub(crate) fn orphans(&self) -> usize {
        self.count(|told| matches!(told, Told::Step(StepTaken::OrphanDeleted { .. })))
    }

    /// How often a step failed and was tried again.
    pub(crate) fn failures(&self) -> usize {
        self.count(|told| matches!(told, Told::Step(StepTaken::Failed { .. })))
    }

    fn count(&self, is_meant: impl Fn(&Told) -> bool) -> usize {
        self.operations.values().flatten().filter(|told| is_meant(told)).count()
    }
}

impl Told {
    fn shown(&self) -> String {
        match self {
            Self::Step(step) => format!("{step:?}"),
            Self::GivenUp(reason) => format!("given up: {reason:?}"),
        }
    }
}
