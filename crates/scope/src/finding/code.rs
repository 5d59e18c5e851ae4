//! The codes of findings. They are stable: scripts and suppressions rely on them.

use serde::{Deserialize, Serialize, Serializer};

use crate::fields::nearest;

macro_rules! codes {
    ($($variant:ident = $name:literal: $explanation:literal;)+) => {
        /// What kind of thing a finding is. The names are stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $explanation] $variant,)+
        }

        impl Code {
            /// Every code, in the order of this documentation.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The stable name, in kebab case.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What the code stands for, and why it matters.
            pub fn explanation(self) -> &'static str {
                match self { $(Self::$variant => $explanation),+ }
            }
        }
    };
}

codes! {
    NotUtf8 = "not-utf8": "The file is not UTF-8, the only encoding of a document.";
    TooLarge = "too-large": "The document is longer than any that is read (256 KiB).";
    TooDeep = "too-deep": "Lists and mappings lie deeper in one another than any document needs.";
    TooManyFindings = "too-many-findings": "There are more findings than are told at once; mend these first.";
    EmptyDocument = "empty-document": "The file holds nothing but white space and comments.";
    SeveralDocuments = "several-documents": "The file holds several YAML documents; a scope document or a connector is one.";
    Malformed = "malformed": "The text is neither YAML nor JSON; a plain IAM policy is JSON.";
    TabIndentation = "tab-indentation": "A tab stands where YAML takes spaces only.";
    UnquotedAsterisk = "unquoted-asterisk": "A value begins with an asterisk without quotes, which YAML takes for an alias.";
    UnsupportedYaml = "unsupported-yaml": "The document uses an anchor, an alias, a tag or a directive of YAML: what a document grants must stand where it is granted.";
    DuplicateKey = "duplicate-key": "A mapping gives the same key twice, so that one of the two would be silently lost.";

    UnknownField = "unknown-field": "A field that the document does not know. It is refused, so that a misspelt restriction is never silently dropped.";
    MissingField = "missing-field": "A field that must be there is not.";
    WrongType = "wrong-type": "A value of the wrong type: text, a number, a list or a mapping is expected.";
    EmptyList = "empty-list": "A list that must name at least one thing is empty.";
    UnsupportedVersion = "unsupported-version": "The version of the document's format is not 1, the only one there is.";
    ForeignField = "foreign-field": "A scope holds a field that belongs to another cloud.";

    InvalidIdentifier = "invalid-identifier": "A tenant, an agent or a credential has a name that is not 2 to 63 lowercase letters, digits and inner hyphens.";
    UnknownValue = "unknown-value": "The value is none of those that the field takes.";
    InvalidPermission = "invalid-permission": "The permission is not written as its cloud writes permissions.";
    StsPivot = "sts-pivot": "The permission would let an agent obtain other credentials than those it was given. Every session denies it, so it cannot be granted.";
    InvalidResource = "invalid-resource": "The resource is not written as its cloud writes resources.";
    InvalidArn = "invalid-arn": "The text is not an ARN of the kind that is due there.";
    InvalidRegion = "invalid-region": "The text is not the name of an AWS region.";
    InvalidExternalId = "invalid-external-id": "The text is not an external id that AWS accepts.";
    InvalidServiceAccount = "invalid-service-account": "The text is not the e-mail address of a GCP service account.";
    InvalidClientId = "invalid-client-id": "The text is not the client id of an Azure identity, which is a GUID.";
    InvalidIssuer = "invalid-issuer": "The text is not an OpenID Connect issuer: an https URL without query and fragment.";
    InvalidSubject = "invalid-subject": "The text is not an OpenID Connect subject: 1 to 255 visible ASCII characters.";
    InvalidConnector = "invalid-connector": "The text is not the path of a connector below the document's directory.";
    InvalidDuration = "invalid-duration": "The duration is not a whole number followed by s, m, h or d.";
    DurationOutOfBounds = "duration-out-of-bounds": "The duration is shorter or longer than its cloud issues credentials for.";
    NumberOutOfBounds = "number-out-of-bounds": "The number is smaller or larger than the field takes.";

    DuplicateValue = "duplicate-value": "A list names the same thing twice.";
    DuplicateCredential = "duplicate-credential": "Two stored credentials have the same id.";
    DuplicateIdentity = "duplicate-identity": "A caller identity is bound twice, so that its caller could be two agents.";
    UnknownAgent = "unknown-agent": "A stored credential belongs to an agent that the document does not have.";

    InvalidHost = "invalid-host": "The text is no host of a connector: a name in lowercase or an address, without a wildcard.";
    InvalidTemplate = "invalid-template": "A template of a connector has a brace that stands alone, or asks for a value that there is none of in its call.";
    MissingPlaceholder = "missing-placeholder": "A call of a connector does not present the key that it is made with, or does not say which key it is about.";
    SecretInUrl = "secret-in-url": "A connector puts the key itself into a URL. URLs are written to the logs of every server and proxy on their way.";
    InvalidUrl = "invalid-url": "The text is no URL of a connector: https, or http on this very machine, with its host in so many words.";
    HostNotAllowed = "host-not-allowed": "A call of a connector goes to a host that the connector does not list. The list is what a reviewer reads.";
    InvalidHeader = "invalid-header": "A header that a connector may not set, sets twice, or with a value that is not visible ASCII.";
    InvalidBody = "invalid-body": "A call of a connector has a body that its method does not take.";
    InvalidPointer = "invalid-pointer": "The text is not a JSON pointer (RFC 6901), which is empty or begins with a slash.";
    NoReconciliation = "no-reconciliation": "A connector labels no keys that its list gives back, and knows no limit of keys. A key whose answer was lost is then not told from anybody else's, and stays.";
    UnreadableConnector = "unreadable-connector": "A scope document names a connector whose file cannot be read. The credential would never be renewed.";

    RedundantValue = "redundant-value": "A value of a list that another value of the list covers. It changes nothing, and hides what is granted.";
    RedundantScope = "redundant-scope": "A scope allows nothing that another scope of the agent does not allow. It suggests a limit that is not there.";
    RegionOnGlobalService = "region-on-global-service": "A restriction to regions on calls that go to one fixed region. A global service is called in us-east-1 or us-west-2 wherever its caller works.";
    PolicySize = "policy-size": "The policy has more characters than AWS takes. The message counts them as AWS does.";
    NearPolicySize = "near-policy-size": "The policy fits the largest of its kind's quotas, and not a smaller one that may apply.";
    MissingRotation = "missing-rotation": "A stored secret is never replaced. What leaks of it stays good for ever.";
    MissingConnector = "missing-connector": "A stored secret has a schedule for its rotation, and no connector that could renew it at its provider.";
    NothingStored = "nothing-stored": "A stored credential of a type that has no secret to store: its credentials are minted when they are asked for.";
    MixedPlanes = "mixed-planes": "A scope mixes operations on Azure's resources with operations on the data in them. A token is for one audience, the resource manager or the data's service, so no token serves both.";
    SeveralAudiences = "several-audiences": "What an agent is granted at Azure as one identity is for several audiences, such as the resource manager and Key Vault. A token is for one, so it has to ask for them one by one.";
    BroadOauthScope = "broad-oauth-scope": "A permission of GCP that no OAuth scope narrower than cloud-platform serves. A token with that scope allows all that its service account may do; only the account's own roles are below it.";
    NoOauthScope = "no-oauth-scope": "A permission of GCP for which no OAuth scope is known, so that no token can be asked for that serves it.";
    BoundarySize = "boundary-size": "The Credential Access Boundary that narrows a token for Cloud Storage has more rules or characters than Google takes. The message counts them.";
    OperationShape = "operation-shape": "An operation of Azure ends in read, write, delete or action; this one ends in nothing that Azure has.";

    UnknownService = "unknown-service": "A permission or an ARN names a service that its cloud is not known to have.";
    UnknownPermission = "unknown-permission": "A permission that its cloud is not known to have. It is misspelt, or newer than the catalogue, whose date the help tells; outside the built-in core of a cloud it is only not known.";
    UnmatchedWildcard = "unmatched-wildcard": "A pattern of permissions that matches none that its cloud is known to have.";
    PermissionCase = "permission-case": "A permission is written with other capitals than its cloud writes it. The cloud does not mind; whoever searches for it does.";
    TakesNoResource = "takes-no-resource": "An action that is asked for without a resource stands beside resources that leave that out. It is then neither allowed nor denied: only * stands for no resource.";
    ResourceMismatch = "resource-mismatch": "An action works on resources of other types than all that stand beside it, so that nothing is said about it.";
    UnusedResource = "unused-resource": "A resource that none of the actions beside it works on. It suggests an authority, or a limit, that is not there.";
    ArnFormat = "arn-format": "An ARN that is made unlike all the ARNs that its service is known to have. It probably matches nothing.";
    UnknownConditionKey = "unknown-condition-key": "A condition key that no service of AWS is known to have.";
    UnsupportedConditionKey = "unsupported-condition-key": "A condition asks for a key that requests for the statement's actions never have. The condition never holds, or, with IfExists or a Not… operator, always.";

    PolicyVersion = "policy-version": "The policy does not say \"Version\": \"2012-10-17\". It is then read by the rules of 2008, in which ${...} is plain text.";
    UnsupportedElement = "unsupported-element": "An element that this kind of policy does not take. AWS refuses the policy.";
    ConflictingElements = "conflicting-elements": "A statement has an element and its Not... form. AWS refuses the policy.";
    InvalidSid = "invalid-sid": "A statement's id is empty or has other characters than letters and digits.";
    DuplicateSid = "duplicate-sid": "Two statements have the same id. AWS refuses the policy.";
    InvalidAction = "invalid-action": "The text is not an action: service:Name, in which wildcards may stand.";
    PatternCase = "pattern-case": "A service is written in capitals. Actions are compared without regard to case, ARNs are not, so that an ARN in capitals matches nothing.";
    ServiceWildcard = "service-wildcard": "A wildcard stands in the service of an action, so that services that do not exist yet are granted too.";
    UnsupportedAction = "unsupported-action": "An action that a role's trust policy cannot grant.";
    MismatchedAction = "mismatched-action": "A trust policy's action and its principal do not go together: each kind of principal has its own way to assume a role.";
    UnknownPartition = "unknown-partition": "An ARN's partition is none that AWS has, so that the ARN matches nothing.";
    InvalidArnRegion = "invalid-arn-region": "An ARN's region is not a region, or stands where the service's ARNs have none.";
    InvalidArnAccount = "invalid-arn-account": "An ARN's account is not twelve digits, or stands where the service's ARNs have none.";
    InvalidPrincipal = "invalid-principal": "The text is not a principal of the kind that it is listed under.";
    OpenTrust = "open-trust": "Anybody may assume the role: the principal is * and no condition says who it must be.";
    UnboundFederation = "unbound-federation": "A role trusts an identity provider without saying which of its subjects. Whoever has an account there may assume the role.";
    ConfusedDeputy = "confused-deputy": "A role trusts an AWS service without saying on whose behalf. Another customer of the service may have it use the role.";
    UnknownOperator = "unknown-operator": "The text is not a condition operator of AWS.";
    NeedlessQualifier = "needless-qualifier": "A condition operator has a prefix or suffix that does nothing there, or that AWS refuses.";
    ForAllValuesAllows = "for-all-values-allows": "ForAllValues in an Allow holds where the key is absent, so that the statement allows more than it seems to.";
    InvalidConditionKey = "invalid-condition-key": "The text is not a condition key: service:Key, or service:Key/Tag for tags.";
    UnknownGlobalKey = "unknown-global-key": "The key begins with aws: and is none of AWS's global condition keys, so that it is never in a request.";
    DuplicateConditionKey = "duplicate-condition-key": "The same operator has the same key twice, in different case. Keys are compared without regard to it.";
    InvalidConditionValue = "invalid-condition-value": "A value that its operator does not take, or that its key never has. The condition never holds.";
    OperatorMismatch = "operator-mismatch": "The operator is for values of another type than the key has.";
    PrivateAddress = "private-address": "aws:SourceIp is a public address of the internet, and this range is private. The condition never holds; requests through an endpoint of a VPC have aws:VpcSourceIp.";
    HostBits = "host-bits": "A range of addresses has bits set beyond its prefix. It means the same without them, and probably more than was meant.";
    WildcardWithoutLike = "wildcard-without-like": "A wildcard stands in a value whose operator compares it letter by letter.";
    UnsatisfiableCondition = "unsatisfiable-condition": "No request satisfies all the conditions of the statement, so that it never applies.";
    VacuousCondition = "vacuous-condition": "Every request satisfies the condition, so that it restricts nothing.";
    InvalidVariable = "invalid-variable": "A policy variable that is malformed, or stands where it is read as plain text.";
    TagLimit = "tag-limit": "A tag or a session name longer than AWS lets one be, or with characters that it does not let one have. No request ever has it.";
    NeedlessWildcard = "needless-wildcard": "Wildcards that mean the same as fewer of them, or that match what a name would.";
    RedundantStatement = "redundant-statement": "Other statements already say all that a statement says.";
    DeadStatement = "dead-statement": "A statement applies to nothing.";
    SwallowedByDeny = "swallowed-by-deny": "Whatever the statement allows, the policy also denies, and a Deny wins.";
    FullAccess = "full-access": "A statement allows every action on every resource.";
    AllowAllBut = "allow-all-but": "An Allow names what it leaves out. Whatever AWS adds later is allowed too.";
    PassRoleEverywhere = "pass-role-everywhere": "iam:PassRole is allowed on every role. Whoever has it can let a service act with any of the account's roles.";
    LinkedRoleEverywhere = "linked-role-everywhere": "iam:CreateServiceLinkedRole is allowed on every resource, which lets any service in that has one.";
    TooComplex = "too-complex": "The patterns overlap in too many ways to look at all of them. What is told is right; more might be found.";

    AllAuthority = "all-authority": "A scope allows everything that its role or identity may do, so that every path of privilege escalation is open.";
    Escalation = "escalation": "Permissions that together lead to more than they say: to other credentials, or to permissions that nobody granted.";
    EscalationByTarget = "escalation-by-target": "Permissions that lead to more than they say where what they reach is itself allowed more: a role that is passed, a function, an account. Whether it is, its own cloud knows.";
}

impl Code {
    /// What the code stands for, in a sentence without a full stop.
    pub fn title(self) -> &'static str {
        let explanation = self.explanation();
        let end = explanation.find(". ").unwrap_or(explanation.len());
        explanation.get(..end).unwrap_or(explanation).trim_end_matches('.')
    }

    /// The code that a misspelt name was probably meant to be.
    pub fn nearest(name: &str) -> Option<Self> {
        let near = nearest(name, Self::ALL.iter().map(|code| code.as_str()))?;
        Self::ALL.iter().copied().find(|code| code.as_str() == near)
    }
}

/// By its name, without a second table of the names.
impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_serialised_by_its_name() {
        for code in Code::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }
}
