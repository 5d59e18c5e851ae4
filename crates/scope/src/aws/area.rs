//! What is left of a kind of resources after what policies allow and deny.

use super::authority::TooComplex;
use super::pattern::ResourcePattern;
use super::place::Place;
use super::reach::{Clause, Kind};
use super::witness::fillings_of_resource;
use crate::glob::Glob;
use crate::glob::automaton::{Effort, uncovered};
use crate::glob::intersection::intersection;

/// The resources of a statement.
#[derive(Debug)]
pub(super) enum Resources {
    Only(Vec<ResourcePattern>),
    AllBut(Vec<ResourcePattern>),
}

impl Resources {
    /// Whether calls that have no resource of their own are among them.
    pub(super) fn has_none(&self) -> bool {
        match self {
            Self::Only(patterns) => patterns.iter().any(ResourcePattern::is_any),
            Self::AllBut(patterns) => !patterns.iter().any(ResourcePattern::is_any),
        }
    }
}

/// The resources that are still possible for a kind: words of a part that nothing takes away.
#[derive(Clone, Debug, Default)]
pub(super) struct Area {
    parts: Vec<Part>,
    denied: Vec<Glob>,
}

#[derive(Clone, Debug)]
struct Part {
    glob: Glob,
    but: Vec<Glob>,
}

impl Area {
    /// All resources of a kind but some.
    pub(super) fn whole(kind: &Kind, place: &Place, but: &[ResourcePattern]) -> Self {
        let parts = kind.arns.iter().map(|arn| Part { glob: place.arn_glob(arn), but: Vec::new() });
        Self { parts: parts.collect(), denied: but.iter().map(|one| one.glob().clone()).collect() }
    }

    /// Whether nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// What some of the clauses allow of it.
    pub(super) fn allowed<'c>(
        &self,
        clauses: impl Iterator<Item = &'c Clause>,
        effort: &Effort,
    ) -> Result<Self, TooComplex> {
        let mut parts = Vec::new();
        for clause in clauses {
            match &clause.resources {
                Resources::Only(patterns) => {
                    for pattern in patterns {
                        if pattern.is_any() {
                            return Ok(self.clone());
                        }
                        self.meet(pattern, &mut parts, effort)?;
                    }
                }
                Resources::AllBut(patterns) if patterns.iter().any(ResourcePattern::is_any) => {}
                Resources::AllBut(patterns) => {
                    let but = || patterns.iter().map(|pattern| pattern.glob().clone());
                    let less = |part: &Part| {
                        let but = part.but.iter().cloned().chain(but()).collect();
                        Part { but, ..part.clone() }
                    };
                    parts.extend(self.parts.iter().map(less));
                }
            }
        }
        Ok(Self { parts, denied: self.denied.clone() })
    }

    fn meet(
        &self,
        pattern: &ResourcePattern,
        parts: &mut Vec<Part>,
        effort: &Effort,
    ) -> Result<(), TooComplex> {
        for part in &self.parts {
            effort.spend(1)?;
            if part.glob.is_apart_from(pattern.glob()) {
                continue;
            }
            // Most resources are named outright.
            if pattern.is_literal() {
                if part.glob.matches(pattern.as_str()) {
                    parts.push(Part { glob: pattern.glob().clone(), but: part.but.clone() });
                }
                continue;
            }
            let globs = intersection(&part.glob, pattern.glob(), effort)?;
            parts.extend(globs.into_iter().map(|glob| Part { glob, but: part.but.clone() }));
        }
        Ok(())
    }

    /// What a denial leaves of it.
    pub(super) fn without(mut self, denial: &Clause, effort: &Effort) -> Result<Self, TooComplex> {
        match &denial.resources {
            Resources::Only(patterns) if patterns.iter().any(ResourcePattern::is_any) => self.parts.clear(),
            Resources::Only(patterns) => {
                self.denied.extend(patterns.iter().map(|pattern| pattern.glob().clone()));
            }
            Resources::AllBut(patterns) if patterns.iter().any(ResourcePattern::is_any) => {}
            Resources::AllBut(patterns) => {
                let mut parts = Vec::new();
                for pattern in patterns {
                    self.meet(pattern, &mut parts, effort)?;
                }
                self.parts = parts;
            }
        }
        Ok(self)
    }

    /// The same without the parts of which nothing is left.
    pub(super) fn tidied(mut self, effort: &Effort) -> Result<Self, TooComplex> {
        let mut parts = Vec::new();
        for part in std::mem::take(&mut self.parts) {
            if self.word(&part, effort)?.is_some() {
                parts.push(part);
            }
        }
        self.parts = parts;
        Ok(self)
    }

    fn word(&self, part: &Part, effort: &Effort) -> Result<Option<String>, TooComplex> {
        effort.spend(self.denied.len() / 8 + 1)?;
        let taken: Vec<&Glob> = part.but.iter().chain(&self.denied).collect();
        uncovered(&part.glob, &taken, effort)
    }

    /// A resource of the area, a plausible one if possible, and whether it is one of many.
    pub(super) fn resource(
        &self,
        action: &str,
        region: &str,
        effort: &Effort,
    ) -> Result<Option<(String, bool)>, TooComplex> {
        for part in &self.parts {
            let Some(word) = self.word(part, effort)? else { continue };
            let left = |resource: &String| {
                part.glob.matches(resource)
                    && !part.but.iter().chain(&self.denied).any(|taken| taken.matches(resource))
            };
            let fillings =
                fillings_of_resource(&ResourcePattern::from_glob(part.glob.clone()), action, region);
            let resource = fillings.into_iter().find(left).unwrap_or(word);
            let open = self.parts.iter().any(|part| !part.glob.is_literal());
            return Ok(Some((resource, open)));
        }
        Ok(None)
    }
}
