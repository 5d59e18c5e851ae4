//! Whether one principal can make several calls that belong together: a concrete call for each, or the certainty
//! that there is none.
//!
//! The actions are literal, so that what is left of a policy for each is a union of resource patterns, from which
//! denials take others away. Calls that name the same kind of resource are made on the same resource, and all of
//! them in one partition, account and region: a function that may be created is of use only where the very same
//! function may be invoked.

use std::sync::LazyLock;

use super::area::{Area, Resources};
use super::arn::RoleArn;
use super::authority::{Authority, TooComplex};
use super::context::{Context, contexts};
use super::pattern::{PIVOTS, ResourcePattern, arn_glob};
use super::place::Place;
use super::policy::{Condition, Effect, Element, PolicyDocument};
use super::region::{Regions, is_global};
use crate::glob::automaton::Effort;
use crate::glob::{Class, Glob, Token};
use crate::sorted::{SortedMap, SortedSet};

/// A call that must be possible.
#[derive(Clone, Debug)]
pub(crate) struct Demand<'a> {
    /// `service:Name`.
    pub(crate) action: &'a str,
    /// The kind of resource; none for a call that has no resource of its own.
    pub(crate) on: Option<&'a Kind>,
    /// Keys of the request context with what their value may be, as patterns; without a pattern the key is absent.
    pub(crate) context: &'a [(String, Vec<String>)],
}

/// A kind of resources, by the patterns of their ARNs.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    /// What the kind is called. Demands of one name are made on the same resource.
    pub(crate) name: String,
    /// The ARNs. A `*` as the partition, the region or the account stands for those of the principal.
    pub(crate) arns: Vec<String>,
}

/// A call that is possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reached {
    /// The resource's ARN; none for a call without one.
    pub(crate) resource: Option<String>,
    /// Whether other resources would do as well: the policies do not name this very one.
    pub(crate) open: bool,
    /// The region that the call is made in.
    pub(crate) region: String,
    /// What the request context must hold, as far as a condition asks for it.
    pub(crate) context: Context,
}

/// What a principal may do, made ready for being asked.
#[derive(Debug)]
pub(crate) struct Reach {
    clauses: Vec<Clause>,
    /// For each service the patterns of its actions, with the clause that each belongs to.
    by_service: SortedMap<String, Vec<(Glob, usize)>>,
    /// The clauses whose actions are not of one service.
    general: Vec<usize>,
    places: Vec<Place>,
    /// What all questions may cost, and what the present one may.
    whole: Effort,
    effort: Effort,
    matched: SortedMap<String, Matched>,
}

#[derive(Debug)]
pub(super) struct Clause {
    pub(super) effect: Effect,
    actions: Actions,
    pub(super) resources: Resources,
    pub(super) conditions: Vec<Condition>,
    pub(super) regions: Regions,
}

#[derive(Debug)]
enum Actions {
    Only(Vec<Glob>),
    AllBut(Vec<Glob>),
}

/// The clauses that concern an action, by index.
#[derive(Clone, Debug, Default)]
struct Matched {
    allows: Vec<usize>,
    denies: Vec<usize>,
}

impl Reach {
    /// What a session may do whose session policy is compiled from the authority. Every session denies the STS
    /// pivots. The role is the session's own, and its account the one that the session works in.
    pub(crate) fn of_session(authority: &Authority, role: Option<&RoleArn>) -> Self {
        let granted = authority.statements().iter().map(|statement| Clause {
            effect: Effect::Allow,
            actions: Actions::Only(statement.actions.iter().map(|action| action.glob().clone()).collect()),
            resources: Resources::Only(statement.resources.clone()),
            conditions: Vec::new(),
            regions: statement.regions.clone(),
        });
        let pivots = Clause {
            effect: Effect::Deny,
            actions: Actions::Only(PIVOT_GLOBS.clone()),
            resources: Resources::Only(vec![ResourcePattern::any()]),
            conditions: Vec::new(),
            regions: Regions::All,
        };
        Self::new(granted.chain([pivots]).collect(), role)
    }

    /// What a principal may do to which all the documents are attached.
    pub(crate) fn of_policies(documents: &[&PolicyDocument]) -> Self {
        let statements = documents.iter().flat_map(|document| &document.statements);
        let clauses = statements.map(|statement| {
            let actions = statement.actions.patterns().iter().map(|text| action_glob(text)).collect();
            let resources =
                statement.resources.patterns().iter().map(|text| resource_pattern(text)).collect();
            Clause {
                effect: statement.effect,
                actions: match statement.actions {
                    Element::Only(_) => Actions::Only(actions),
                    Element::AllBut(_) => Actions::AllBut(actions),
                },
                resources: match statement.resources {
                    Element::Only(_) => Resources::Only(resources),
                    Element::AllBut(_) => Resources::AllBut(resources),
                },
                conditions: statement.conditions.clone(),
                regions: Regions::All,
            }
        });
        Self::new(clauses.collect(), None)
    }

    fn new(clauses: Vec<Clause>, role: Option<&RoleArn>) -> Self {
        let mut by_service: SortedMap<String, Vec<(Glob, usize)>> = SortedMap::new();
        let mut general = Vec::new();
        for (index, clause) in clauses.iter().enumerate() {
            let Actions::Only(globs) = &clause.actions else {
                general.push(index);
                continue;
            };
            for glob in globs {
                match glob.prefix().split_once(':') {
                    Some((service, _)) => {
                        by_service.update(service.to_owned(), |all| all.push((glob.clone(), index)));
                    }
                    None => general.push(index),
                }
            }
        }
        general.dedup();
        Self {
            places: Place::of(&clauses, role),
            clauses,
            by_service,
            general,
            effort: Effort::generous(),
            whole: Effort::generous(),
            matched: SortedMap::new(),
        }
    }

    /// Whether everything is allowed and nothing denied but the STS pivots.
    pub(crate) fn is_everything(&self) -> bool {
        let (allows, denies): (Vec<&Clause>, Vec<&Clause>) =
            self.clauses.iter().partition(|clause| clause.effect == Effect::Allow);
        let every_action = |clause: &&Clause| match &clause.actions {
            Actions::Only(globs) => globs.iter().any(matches_all),
            Actions::AllBut(_) => false,
        };
        let every_resource = |clause: &Clause| match &clause.resources {
            Resources::Only(patterns) => patterns.iter().any(ResourcePattern::is_any),
            Resources::AllBut(_) => false,
        };
        let pivots_only = |clause: &&Clause| match &clause.actions {
            Actions::Only(globs) => globs.iter().all(|glob| glob.prefix().starts_with("sts:")),
            Actions::AllBut(_) => false,
        };
        denies.iter().all(pivots_only)
            && allows.iter().filter(|clause| every_action(clause)).any(|clause| {
                every_resource(clause) && clause.conditions.is_empty() && !clause.regions.is_empty()
            })
    }

    /// The services whose actions are spoken of; none where that may be any.
    pub(crate) fn services(&self) -> Option<impl Iterator<Item = &str>> {
        self.general.is_empty().then(|| self.by_service.keys().map(String::as_str))
    }

    /// Whether some statement allows the action at all.
    pub(crate) fn mentions(&mut self, action: &str) -> bool {
        let service = action.split_once(':').map_or(action, |(service, _)| service);
        (!self.general.is_empty() || self.by_service.contains_key(service))
            && self.matched(action).is_some_and(|matched| !matched.allows.is_empty())
    }

    /// A call for each demand, none of them on a resource of `but`; none where they cannot be made together.
    ///
    /// # Errors
    /// [`TooComplex`] where the patterns overlap in too many ways to tell.
    pub(crate) fn together(
        &mut self,
        demands: &[Demand<'_>],
        but: &[ResourcePattern],
    ) -> Result<Option<Vec<Reached>>, TooComplex> {
        let matched: Vec<Matched> =
            demands.iter().filter_map(|demand| self.matched(demand.action).cloned()).collect();
        if matched.iter().any(|matched| matched.allows.is_empty()) {
            return Ok(None);
        }
        self.effort = self.whole.part();
        let found = self.search_places(demands, &matched, but);
        self.whole.settle(&self.effort);
        found
    }

    fn search_places(
        &self,
        demands: &[Demand<'_>],
        matched: &[Matched],
        but: &[ResourcePattern],
    ) -> Result<Option<Vec<Reached>>, TooComplex> {
        for place in &self.places {
            let mut search = Search {
                reach: self,
                demands,
                matched,
                but,
                place,
                areas: SortedMap::new(),
                chosen: Vec::new(),
            };
            if search.extend()? {
                return search.calls().map(Some);
            }
        }
        Ok(None)
    }

    fn matched(&mut self, action: &str) -> Option<&Matched> {
        if !self.matched.contains_key(action) {
            let found = self.search(&action.to_ascii_lowercase());
            self.matched.insert(action.to_owned(), found);
        }
        self.matched.get(action)
    }

    fn search(&self, folded: &str) -> Matched {
        let service = folded.split_once(':').map_or(folded, |(service, _)| service);
        let named = self.by_service.get(service).into_iter().flatten();
        let named = named.filter(|(glob, _)| glob.matches(folded)).map(|(_, clause)| *clause);
        let general =
            self.general.iter().copied().filter(|index| {
                self.clauses.get(*index).is_some_and(|clause| clause.actions.matches(folded))
            });
        let indices: SortedSet<usize> = named.chain(general).collect();
        let is_allow =
            |index: &usize| self.clauses.get(*index).is_some_and(|clause| clause.effect == Effect::Allow);
        let (allows, denies) = indices.into_iter().partition(is_allow);
        Matched { allows, denies }
    }
}

impl Actions {
    fn matches(&self, folded: &str) -> bool {
        match self {
            Self::Only(globs) => globs.iter().any(|glob| glob.matches(folded)),
            Self::AllBut(globs) => !globs.iter().any(|glob| glob.matches(folded)),
        }
    }
}

static PIVOT_GLOBS: LazyLock<Vec<Glob>> =
    LazyLock::new(|| PIVOTS.iter().map(|pivot| action_glob(pivot)).collect());

struct Search<'a> {
    reach: &'a Reach,
    demands: &'a [Demand<'a>],
    matched: &'a [Matched],
    but: &'a [ResourcePattern],
    place: &'a Place,
    areas: SortedMap<&'a str, Area>,
    /// For each demand that is met so far, the context in which it is.
    chosen: Vec<Context>,
}

impl<'a> Search<'a> {
    /// Meets the demands that are left, in every way until one succeeds.
    fn extend(&mut self) -> Result<bool, TooComplex> {
        let (Some(demand), Some(matched)) =
            (self.demands.get(self.chosen.len()), self.matched.get(self.chosen.len()))
        else {
            return Ok(true);
        };
        let everywhere = is_global(demand.action);
        let in_region = |index: &&usize| {
            let clause = self.reach.clauses.get(**index);
            clause.is_some_and(|clause| everywhere || clause.regions.contains(&self.place.region))
        };
        let (free, bound): (Vec<usize>, Vec<usize>) =
            matched.allows.iter().filter(in_region).partition(|index| {
                self.reach.clauses.get(**index).is_some_and(|clause| clause.conditions.is_empty())
            });
        let groups = [free].into_iter().chain(bound.into_iter().map(|index| vec![index]));
        for group in groups.filter(|group| !group.is_empty()) {
            if self.meet(demand, &group, &matched.denies)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Meets a demand by what a group of clauses allows under the same conditions, and then the rest.
    fn meet(
        &mut self,
        demand: &'a Demand<'a>,
        group: &[usize],
        denies: &[usize],
    ) -> Result<bool, TooComplex> {
        let reach = self.reach;
        let clauses = || group.iter().filter_map(|index| reach.clauses.get(*index));
        let denials: Vec<&Clause> = denies.iter().filter_map(|index| reach.clauses.get(*index)).collect();
        let conditions: Vec<&Condition> = clauses().flat_map(|clause| &clause.conditions).collect();
        for (context, holding) in contexts(&conditions, &denials, demand, self.place, &reach.effort)? {
            let before = demand.on.and_then(|kind| self.areas.get(kind.name.as_str()).cloned());
            if let Some(kind) = demand.on {
                let area = before.clone().unwrap_or_else(|| Area::whole(kind, self.place, self.but));
                let mut area = area.allowed(clauses(), &reach.effort)?;
                for denial in &holding {
                    area = area.without(denial, &reach.effort)?;
                }
                let area = area.tidied(&reach.effort)?;
                if area.is_empty() {
                    continue;
                }
                self.areas.insert(&kind.name, area);
            } else if !clauses().any(|clause| clause.resources.has_none())
                || holding.iter().any(|denial| denial.resources.has_none())
            {
                continue;
            }
            self.chosen.push(context);
            if self.extend()? {
                return Ok(true);
            }
            self.chosen.pop();
            match (demand.on, before) {
                (Some(kind), Some(area)) => drop(self.areas.insert(&kind.name, area)),
                (Some(kind), None) => drop(self.areas.remove(kind.name.as_str())),
                (None, _) => {}
            }
        }
        Ok(false)
    }

    /// The calls of a search that has succeeded.
    fn calls(&self) -> Result<Vec<Reached>, TooComplex> {
        let calls = self.demands.iter().zip(&self.chosen).map(|(demand, context)| {
            let found = match demand.on.and_then(|kind| self.areas.get(kind.name.as_str())) {
                Some(area) => area.resource(demand.action, &self.place.region, &self.reach.effort)?,
                None => None,
            };
            let (resource, open) = found.map_or((None, true), |(resource, open)| (Some(resource), open));
            Ok(Reached { resource, open, region: self.place.region.clone(), context: context.clone() })
        });
        calls.collect()
    }
}

/// Whether a glob matches every action: it has no literal but the colon, and asks for no length.
fn matches_all(glob: &Glob) -> bool {
    let is_wild = |token: &Token| !matches!(token, Token::Literal(literal) if *literal != ':');
    glob.tokens().iter().all(is_wild) && ["a:a", "ab:ab"].iter().all(|action| glob.matches(action))
}

/// A pattern of actions as a policy has it. Only literal actions are held against it, so that the characters
/// that its wildcards stand for need not be told apart.
fn action_glob(text: &str) -> Glob {
    let mut glob = Glob::default();
    glob.push_text(text, Class::Rest, true);
    glob
}

/// A pattern of resources as a policy has it. What a policy variable stands for is not known: it counts as text,
/// and so as one resource that exists.
fn resource_pattern(text: &str) -> ResourcePattern {
    text.parse().unwrap_or_else(|_| {
        let mut parts: Vec<&str> = text.splitn(6, ':').collect();
        parts.resize(6, "");
        match parts.as_slice() {
            [arn, partition, service, region, account, rest] => {
                ResourcePattern::from_glob(arn_glob([arn, partition, service, region, account], rest))
            }
            _ => ResourcePattern::any(),
        }
    })
}
