//! What is missing in a cloud where it gives no credential, and the commands that make it. Nothing here runs one.

use deputize_azure::EXCHANGE;
use deputize_broker::decision::{AwsPlan, AzurePlan, GcpPlan, Plan};
use deputize_broker::ports::minter::MintError;
use deputize_http::{CallFailure, Problem};
use deputize_scope::identifier::CredentialType;

use crate::settings::CloudSettings;

/// Who the broker is to the clouds, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Broker {
    /// The ARN that the broker has at AWS.
    pub arn: Option<String>,
    /// Who signs its identity tokens.
    pub issuer: Option<String>,
    /// The subject of its identity tokens.
    pub subject: Option<String>,
}

/// What to do about a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// What is missing.
    pub missing: String,
    /// Commands of the cloud's own tool that make it.
    pub commands: Vec<String>,
}

impl Advice {
    fn new(missing: impl Into<String>, commands: impl IntoIterator<Item = String>) -> Self {
        Self { missing: missing.into(), commands: commands.into_iter().collect() }
    }
}

/// What to do where a credential of a type was not minted; none where only the error itself can tell.
pub fn advice(
    kind: CredentialType,
    plan: &Plan,
    error: &MintError,
    broker: &Broker,
    settings: &CloudSettings,
) -> Option<Advice> {
    let code = code(error)?;
    if code == "OutboundWebIdentityFederationDisabledException" {
        let missing = "the account does not issue identity tokens, which prove the broker to other clouds";
        return Some(Advice::new(missing, ["aws iam enable-outbound-web-identity-federation".to_owned()]));
    }
    match plan {
        Plan::AwsSession(plan) => aws(plan, &code, broker),
        Plan::GcpToken(plan) => gcp(plan, &code, broker, settings),
        Plan::AzureToken(plan) => azure(kind, plan, &code, broker, settings),
        Plan::Stored(_) | Plan::ScopeDown(_) => None,
    }
}

/// The cloud's code, also of what counts as passing.
fn code(error: &MintError) -> Option<String> {
    match error {
        MintError::Refused { code, .. } => Some(code.clone()),
        MintError::Unavailable { source, .. } => match &source.downcast_ref::<CallFailure>()?.problem {
            Problem::NotYet { code, .. } | Problem::InTrouble { code, .. } => Some(code.as_str().to_owned()),
            _ => None,
        },
    }
}

fn aws(plan: &AwsPlan, code: &str, broker: &Broker) -> Option<Advice> {
    let role = plan.role.to_string();
    let name = role.rsplit('/').next().unwrap_or_default();
    let arn = broker.arn.as_deref().unwrap_or("ARN_OF_THE_BROKER");
    match code {
        "AccessDenied" => {
            let external = plan.external_id.as_ref();
            let condition = external.map_or_else(String::new, |id| {
                format!(r#","Condition":{{"StringEquals":{{"sts:ExternalId":"{id}"}}}}"#)
            });
            let trust = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{arn}"}},"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]{condition}}}]}}"#
            );
            Some(Advice::new(
                format!("{role} is not there, or does not trust {arn}, or {arn} may not assume it"),
                [
                    format!("aws iam get-role --role-name {name} --query Role.AssumeRolePolicyDocument"),
                    format!("aws iam create-role --role-name {name} --assume-role-policy-document '{trust}'"),
                    format!(
                        "aws iam update-assume-role-policy --role-name {name} --policy-document '{trust}'"
                    ),
                ],
            ))
        }
        "ValidationError" => Some(Advice::new(
            format!("{role} does not allow sessions as long as the scope document does"),
            [format!("aws iam update-role --role-name {name} --max-session-duration 43200")],
        )),
        "RegionDisabledException" => Some(Advice::new(
            "STS is not active in the region",
            ["aws account enable-region --region-name REGION".to_owned()],
        )),
        "InvalidClientTokenId" | "UnrecognizedClientException" | "SignatureDoesNotMatch" => {
            Some(Advice::new(
                "AWS does not know the broker's own credentials",
                ["aws sts get-caller-identity".to_owned()],
            ))
        }
        _ => None,
    }
}

fn gcp(plan: &GcpPlan, code: &str, broker: &Broker, settings: &CloudSettings) -> Option<Advice> {
    let account = plan.service_account.to_string();
    let provider = settings.gcp.as_ref().and_then(|gcp| gcp.provider.as_ref());
    let issuer = broker.issuer.as_deref().unwrap_or("ISSUER");
    let subject = broker.subject.as_deref().unwrap_or("SUBJECT");
    match (code, provider) {
        ("invalid_target", Some(provider)) => {
            let (project, pool, name) = (provider.project(), provider.pool(), provider.provider());
            Some(Advice::new(
                format!("there is no provider {provider}"),
                [
                    format!(
                        "gcloud iam workload-identity-pools create {pool} --project={project} --location=global"
                    ),
                    format!(
                        "gcloud iam workload-identity-pools providers create-oidc {name} --project={project} \
                         --location=global --workload-identity-pool={pool} --issuer-uri={issuer} \
                         --attribute-mapping=google.subject=assertion.sub"
                    ),
                ],
            ))
        }
        ("invalid_grant" | "invalid_request" | "unauthorized_client", Some(provider)) => {
            let (project, pool, name) = (provider.project(), provider.pool(), provider.provider());
            Some(Advice::new(
                format!("{provider} does not take the tokens of {issuer} for {subject}"),
                [format!(
                    "gcloud iam workload-identity-pools providers update-oidc {name} --project={project} \
                     --location=global --workload-identity-pool={pool} --issuer-uri={issuer} \
                     --attribute-mapping=google.subject=assertion.sub"
                )],
            ))
        }
        ("PERMISSION_DENIED", provider) => {
            let member = match provider {
                Some(provider) => format!("principal:{}/subject/{subject}", provider.pool_resource()),
                None => "serviceAccount:ACCOUNT_OF_THE_BROKER".to_owned(),
            };
            Some(Advice::new(
                format!("the broker may not make tokens of {account}"),
                [format!(
                    "gcloud iam service-accounts add-iam-policy-binding {account} \
                     --role=roles/iam.serviceAccountTokenCreator --member={member}"
                )],
            ))
        }
        ("NOT_FOUND", _) => {
            let (name, rest) = account.split_once('@')?;
            let project = rest.split('.').next()?;
            Some(Advice::new(
                format!("there is no service account {account}"),
                [format!("gcloud iam service-accounts create {name} --project={project}")],
            ))
        }
        ("INVALID_ARGUMENT", _) => Some(Advice::new(
            "the organisation does not allow tokens as long as the scope document does",
            ["gcloud org-policies describe iam.allowServiceAccountCredentialLifetimeExtension --effective"
                .to_owned()],
        )),
        _ => None,
    }
}

fn azure(
    kind: CredentialType,
    plan: &AzurePlan,
    code: &str,
    broker: &Broker,
    settings: &CloudSettings,
) -> Option<Advice> {
    let client = &plan.client_id;
    if kind == CredentialType::AzureManagedIdentity {
        return (code == "invalid_request").then(|| {
            Advice::new(
                format!("the machine does not have the managed identity {client}"),
                ["az vm identity assign --resource-group GROUP --name MACHINE --identities RESOURCE_ID"
                    .to_owned()],
            )
        });
    }
    let azure = settings.azure.as_ref()?;
    let tenant = azure.tenant.as_deref().unwrap_or_default();
    match code {
        "AADSTS700016" => Some(Advice::new(
            format!("there is no application {client} in {tenant}"),
            [format!("az ad sp create --id {client}")],
        )),
        "AADSTS90002" => Some(Advice::new(
            format!("there is no directory {tenant}"),
            ["az account tenant list".to_owned()],
        )),
        "AADSTS70021" | "AADSTS700211" | "AADSTS700212" | "AADSTS700213" => {
            let issuer = broker.issuer.as_deref().unwrap_or("ISSUER");
            let subject = broker.subject.as_deref().unwrap_or("SUBJECT");
            let audience = azure.audience.as_deref().unwrap_or(EXCHANGE);
            let parameters = format!(
                r#"{{"name":"deputize","issuer":"{issuer}","subject":"{subject}","audiences":["{audience}"]}}"#
            );
            Some(Advice::new(
                format!(
                    "{client} has no federated credential for {subject} of {issuer}, or not for long enough"
                ),
                [format!("az ad app federated-credential create --id {client} --parameters '{parameters}'")],
            ))
        }
        "AADSTS500011" => Some(Advice::new(
            format!("the directory does not have the service that {client} asks a token for"),
            ["az ad sp create --id APPLICATION_OF_THE_SERVICE".to_owned()],
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use deputize_http::ErrorCode;
    use deputize_scope::azure::Audience;

    use super::*;

    fn settings() -> CloudSettings {
        toml::from_str(
            "[gcp]\nprovider = 'projects/7/locations/global/workloadIdentityPools/agents/providers/deputize'\n\
             [azure]\ntenant = 'contoso.onmicrosoft.com'",
        )
        .unwrap()
    }

    fn broker() -> Broker {
        Broker {
            arn: Some("arn:aws:iam::123456789012:role/deputize".to_owned()),
            issuer: Some("https://issuer.example.com".to_owned()),
            subject: Some("deputize".to_owned()),
        }
    }

    fn azure_plan() -> Plan {
        let client_id = "00000000-0000-4000-8000-000000000001".parse().unwrap();
        Plan::AzureToken(AzurePlan { client_id, audience: Audience::Storage, secret: None })
    }

    #[test]
    fn a_federated_credential_that_is_missing_is_told_with_what_it_has_to_say() {
        // Passing, as Entra has it: it may have been made a moment ago.
        let problem = Problem::NotYet { status: 400, code: ErrorCode::new(Some("AADSTS700213")) };
        let error = MintError::from(CallFailure::new("entra", problem));
        let kind = CredentialType::AzureServicePrincipal;
        let advice = advice(kind, &azure_plan(), &error, &broker(), &settings()).unwrap();
        let command = &advice.commands[0];
        assert!(command.contains("federated-credential create --id 00000000-0000-4000-8000-000000000001"));
        assert!(
            command.contains(r#""issuer":"https://issuer.example.com","subject":"deputize""#),
            "{command}"
        );
    }

    #[test]
    fn a_code_that_says_nothing_of_the_cloud_gets_no_advice() {
        let error = MintError::Refused { code: "AADSTS1".to_owned(), source: "it".into() };
        let kind = CredentialType::AzureServicePrincipal;
        assert_eq!(advice(kind, &azure_plan(), &error, &broker(), &settings()), None);
        let error = MintError::from(CallFailure::new("entra", Problem::TimedOut));
        assert_eq!(advice(kind, &azure_plan(), &error, &broker(), &settings()), None);
    }
}
