//! The rules: what permissions lead further, as data.

use std::sync::LazyLock;

use crate::aws::reach::Kind;
use crate::identifier::Cloud;
use crate::sorted::{SortedMap, sort};
use crate::syntax::{self, Entry, Kind as NodeKind, Node};

/// A way in which permissions lead to more than they say.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The rule's name, stable and unique at its cloud.
    pub id: String,
    /// The cloud whose permissions it is about.
    pub cloud: Cloud,
    /// What happens: lowercase, without a full stop.
    pub title: String,
    /// What is gained by it.
    pub gives: String,
    /// What must exist besides the permissions; none where they suffice.
    pub target: Option<String>,
    /// The same where the permissions are those of a session, whose own policy stays as it is.
    pub session: Option<String>,
    /// How to mend it.
    pub remedy: String,
    /// The ways to complete it, each with all that it needs; none for the rule of those who may do everything.
    pub(super) ways: Vec<Vec<Need>>,
}

/// One of several calls.
#[derive(Clone, Debug)]
pub(super) struct Need(pub(super) Vec<Call>);

#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) permission: String,
    /// The permission in lower case.
    pub(super) folded: String,
    /// The kinds of resources that it must reach, all of them; none where it has no resource.
    pub(super) on: Vec<Kind>,
    /// What stands in the request context.
    pub(super) context: Vec<(String, Vec<String>)>,
}

impl Rule {
    /// Whether a permission is one of those that complete the rule.
    pub fn has(&self, permission: &str) -> bool {
        let folded = permission.to_ascii_lowercase();
        self.ways.iter().flatten().flat_map(|need| &need.0).any(|call| match self.cloud {
            Cloud::Gcp => call.permission == permission,
            Cloud::Aws | Cloud::Azure => call.folded == folded,
        })
    }

    /// Every set of permissions that completes the rule.
    pub fn combinations(&self) -> Vec<Vec<&str>> {
        let mut combinations = Vec::new();
        for needs in &self.ways {
            let mut partial: Vec<Vec<&str>> = vec![Vec::new()];
            for need in needs {
                partial = partial
                    .iter()
                    .flat_map(|set| {
                        need.0.iter().map(move |call| {
                            let mut set = set.clone();
                            set.push(call.permission.as_str());
                            set
                        })
                    })
                    .collect();
            }
            combinations.extend(partial);
        }
        combinations
    }
}

impl Call {
    /// The permission as it is compared: only Google Cloud heeds its case.
    fn name(&self, cloud: Cloud) -> &str {
        if cloud == Cloud::Gcp { &self.permission } else { &self.folded }
    }
}

/// The rules of a cloud, in the order of their file.
pub fn rules(cloud: Cloud) -> &'static [Rule] {
    // A test reads every file, so that none is ever malformed here.
    static AWS: LazyLock<Vec<Rule>> = LazyLock::new(|| read(Cloud::Aws, AWS_RULES).unwrap_or_default());
    static GCP: LazyLock<Vec<Rule>> = LazyLock::new(|| read(Cloud::Gcp, GCP_RULES).unwrap_or_default());
    static AZURE: LazyLock<Vec<Rule>> = LazyLock::new(|| read(Cloud::Azure, AZURE_RULES).unwrap_or_default());
    match cloud {
        Cloud::Aws => &AWS,
        Cloud::Gcp => &GCP,
        Cloud::Azure => &AZURE,
    }
}

/// One way to complete a rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub(super) rule: &'static Rule,
    pub(super) needs: &'static [Need],
}

/// The ways that permissions of these [families](family) may complete, or all of them where the permissions are of
/// any; in the order of the rules.
///
/// What meets the first need of a way must be held, so that the families lead to all ways that matter: to none of
/// them, for most principals.
pub(super) fn ways<'f>(cloud: Cloud, families: Option<impl IntoIterator<Item = &'f str>>) -> Vec<Way> {
    let index = Index::of(cloud);
    let Some(families) = families else { return index.ways.clone() };
    let met = families.into_iter().flat_map(|family| index.places(family));
    let mut places: Vec<usize> = met.copied().collect();
    sort(&mut places);
    places.dedup();
    places.into_iter().filter_map(|place| index.ways.get(place)).copied().collect()
}

/// Whether a call of the family, of which `is` says whether it is meant, is the first that some way needs.
pub(super) fn is_first(cloud: Cloud, family_of: &str, is: &dyn Fn(&Call) -> bool) -> bool {
    let index = Index::of(cloud);
    let firsts = index.places(family_of).iter().filter_map(|place| index.ways.get(*place)?.needs.first());
    firsts.flat_map(|need| &need.0).any(|call| family(cloud, call.name(cloud)) == family_of && is(call))
}

/// What a permission, in lower case, is looked up by: its service. Google Cloud knows no wildcards, so that each
/// permission, as it is written, is a family of its own.
pub(super) fn family(cloud: Cloud, permission: &str) -> &str {
    match cloud {
        Cloud::Aws => permission.split(':').next().unwrap_or_default(),
        Cloud::Azure => permission.split('/').next().unwrap_or_default(),
        Cloud::Gcp => permission,
    }
}

/// The ways of a cloud's rules, and in which of them permissions of a family meet the first need.
struct Index {
    ways: Vec<Way>,
    by_family: SortedMap<&'static str, Vec<usize>>,
    /// The traits of all families: by theirs, most that are none of them are told apart.
    traits: Vec<bool>,
}

impl Index {
    fn of(cloud: Cloud) -> &'static Self {
        static AWS: LazyLock<Index> = LazyLock::new(|| Index::new(Cloud::Aws));
        static GCP: LazyLock<Index> = LazyLock::new(|| Index::new(Cloud::Gcp));
        static AZURE: LazyLock<Index> = LazyLock::new(|| Index::new(Cloud::Azure));
        match cloud {
            Cloud::Aws => &AWS,
            Cloud::Gcp => &GCP,
            Cloud::Azure => &AZURE,
        }
    }

    fn new(cloud: Cloud) -> Self {
        let ways =
            rules(cloud).iter().flat_map(|rule| rule.ways.iter().map(move |needs| Way { rule, needs }));
        let ways: Vec<Way> = ways.collect();
        let mut by_family: SortedMap<&'static str, Vec<usize>> = SortedMap::new();
        let mut traits = vec![false; TRAITS];
        for (place, way) in ways.iter().enumerate() {
            for call in way.needs.first().into_iter().flat_map(|need| &need.0) {
                let family = family(cloud, call.name(cloud));
                by_family.update(family, |places| places.push(place));
                if let Some(seen) = traits.get_mut(trait_of(family)) {
                    *seen = true;
                }
            }
        }
        Self { ways, by_family, traits }
    }

    /// The places of the ways that a family may complete.
    fn places(&self, family: &str) -> &[usize] {
        match self.traits.get(trait_of(family)) {
            Some(true) => self.by_family.get(family).map(Vec::as_slice).unwrap_or_default(),
            _ => &[],
        }
    }
}

/// How many traits there are.
const TRAITS: usize = 512;

/// Something that families differ in, and that is seen at once.
fn trait_of(family: &str) -> usize {
    let byte = |at: usize| family.as_bytes().get(at).copied().map_or(0, usize::from);
    let (length, last) = (family.len(), family.len().saturating_sub(1));
    (length * 37 + byte(0) * 5 + byte(length / 2) * 11 + byte(last) * 23) % TRAITS
}

const AWS_RULES: &str = include_str!("../../rules/aws.yaml");
const GCP_RULES: &str = include_str!("../../rules/gcp.yaml");
const AZURE_RULES: &str = include_str!("../../rules/azure.yaml");

/// Why a file of rules cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Malformed {
    #[error("not a document: {0}")]
    Document(String),
    #[error("{0} is missing or of the wrong type")]
    Field(String),
    #[error("{0} is not known")]
    Unknown(String),
}

/// Reads a file of rules; its form is told at its head.
fn read(cloud: Cloud, text: &str) -> Result<Vec<Rule>, Malformed> {
    let source = syntax::read(text);
    let root = match (source.root, source.findings.as_slice()) {
        (Some(root), []) => root,
        (_, findings) => {
            let first = findings.first().map(|finding| format!("{} {:?}", finding.message, finding.span));
            return Err(Malformed::Document(first.unwrap_or_default()));
        }
    };
    let file = File {
        types: section(&root, "types"),
        contexts: section(&root, "contexts"),
        families: section(&root, "families"),
    };
    section(&root, "rules").iter().map(|entry| file.rule(cloud, entry)).collect()
}

/// The parts of a file that its rules refer to.
struct File<'a> {
    types: &'a [Entry],
    contexts: &'a [Entry],
    families: &'a [Entry],
}

impl File<'_> {
    fn rule(&self, cloud: Cloud, entry: &Entry) -> Result<Rule, Malformed> {
        let family = match field(&entry.value, "family").map(|node| text(node, "family")) {
            Some(name) => Some(named(self.families, name?)?),
            None => None,
        };
        let optional = |name: &str| {
            let own = field(&entry.value, name).or_else(|| family.and_then(|family| field(family, name)));
            own.map(|node| text(node, name).map(str::to_owned)).transpose()
        };
        let required =
            |name: &str| optional(name)?.ok_or_else(|| Malformed::Field(format!("{name} of {}", entry.name)));
        Ok(Rule {
            id: entry.name.clone(),
            cloud,
            title: required("title")?,
            gives: required("gives")?,
            target: optional("target")?,
            session: optional("session")?,
            remedy: required("remedy")?,
            ways: self.ways(&entry.value)?,
        })
    }

    /// All of `needs`, together with one of `each`.
    fn ways(&self, rule: &Node) -> Result<Vec<Vec<Need>>, Malformed> {
        let (needs, each) = (self.needs(rule, "needs")?, self.needs(rule, "each")?);
        Ok(match (needs.is_empty(), each.is_empty()) {
            (true, true) => Vec::new(),
            (false, true) => vec![needs],
            _ => each.into_iter().map(|one| needs.iter().cloned().chain([one]).collect()).collect(),
        })
    }

    fn needs(&self, rule: &Node, name: &str) -> Result<Vec<Need>, Malformed> {
        let Some(node) = field(rule, name) else { return Ok(Vec::new()) };
        texts(node, name)?.into_iter().map(|need| self.need(need)).collect()
    }

    fn need(&self, need: &str) -> Result<Need, Malformed> {
        need.split(" or ").map(|call| self.call(call)).collect::<Result<_, _>>().map(Need)
    }

    /// Reads `ACTION on KIND and KIND for SERVICE`.
    fn call(&self, call: &str) -> Result<Call, Malformed> {
        let (call, service) = call.split_once(" for ").map_or((call, None), |(call, to)| (call, Some(to)));
        let (permission, kinds) = call.split_once(" on ").map_or((call, None), |(call, on)| (call, Some(on)));
        let kinds = kinds.into_iter().flat_map(|kinds| kinds.split(" and "));
        let on = kinds.map(|name| {
            let arns = texts(named(self.types, name)?, name)?;
            Ok(Kind { name: name.to_owned(), arns: arns.into_iter().map(str::to_owned).collect() })
        });
        let mut context = Vec::new();
        if let Some(service) = service {
            context.push(("iam:PassedToService".to_owned(), vec![service.to_owned()]));
        }
        for entry in self.contexts.iter().filter(|entry| entry.name == permission) {
            for key in entries(&entry.value) {
                let values = texts(&key.value, &key.name)?.into_iter().map(str::to_owned).collect();
                context.push((key.name.clone(), values));
            }
        }
        Ok(Call {
            permission: permission.to_owned(),
            folded: permission.to_ascii_lowercase(),
            on: on.collect::<Result<_, _>>()?,
            context,
        })
    }
}

fn section<'a>(root: &'a Node, name: &str) -> &'a [Entry] {
    field(root, name).map_or(&[], entries)
}

fn entries(node: &Node) -> &[Entry] {
    match &node.kind {
        NodeKind::Mapping(entries) => entries,
        _ => &[],
    }
}

fn field<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    entries(node).iter().find(|entry| entry.name == name).map(|entry| &entry.value)
}

fn named<'a>(entries: &'a [Entry], name: &str) -> Result<&'a Node, Malformed> {
    let found = entries.iter().find(|entry| entry.name == name).map(|entry| &entry.value);
    found.ok_or_else(|| Malformed::Unknown(name.to_owned()))
}

fn text<'a>(node: &'a Node, name: &str) -> Result<&'a str, Malformed> {
    match &node.kind {
        NodeKind::Text(text) => Ok(text),
        _ => Err(Malformed::Field(name.to_owned())),
    }
}

fn texts<'a>(node: &'a Node, name: &str) -> Result<Vec<&'a str>, Malformed> {
    match &node.kind {
        NodeKind::List(items) => items.iter().map(|item| text(item, name)).collect(),
        _ => Err(Malformed::Field(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::azure::AzureOperation;
    use crate::gcp::GcpPermission;

    #[test]
    fn every_file_of_rules_is_read() {
        for (cloud, text) in [(Cloud::Aws, AWS_RULES), (Cloud::Gcp, GCP_RULES), (Cloud::Azure, AZURE_RULES)] {
            let rules = read(cloud, text).unwrap();
            let ids: BTreeSet<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
            assert_eq!(ids.len(), rules.len(), "{cloud}");
            for rule in &rules {
                assert_eq!(rule.ways.is_empty(), rule.id == "everything", "{}", rule.id);
                let calls = rule.ways.iter().flatten().flat_map(|need| &need.0);
                for call in calls {
                    match cloud {
                        Cloud::Aws => assert!(
                            call.permission
                                .parse::<crate::aws::pattern::ActionPattern>()
                                .unwrap()
                                .is_literal()
                        ),
                        Cloud::Gcp => {
                            assert!(call.permission.parse::<GcpPermission>().is_ok(), "{}", call.permission)
                        }
                        Cloud::Azure => {
                            assert!(call.permission.parse::<AzureOperation>().is_ok(), "{}", call.permission)
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_file_that_refers_to_nothing_is_refused() {
        let of =
            |needs: &str| format!("rules:\n  a: {{ title: t, gives: g, remedy: r, needs: [\"{needs}\"] }}\n");
        assert!(read(Cloud::Aws, &of("iam:PassRole")).is_ok());
        assert_eq!(
            read(Cloud::Aws, &of("iam:PassRole on role")).unwrap_err(),
            Malformed::Unknown("role".to_owned())
        );
        let text = "rules:\n  a: { title: t, gives: g, needs: [a:B] }\n";
        assert_eq!(read(Cloud::Aws, text).unwrap_err(), Malformed::Field("remedy of a".to_owned()));
    }
}
