//! The calls of IAM: those about access keys.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html>

use super::SandboxAws;
use super::access_keys::{LimitExceeded, UserKey};
use super::config::Users;
use super::key::user_key_id;
use super::parameters::{Constraints, Parameters, is_name_character};
use super::principal::Principal;
use super::refusal::{Code, Refusal};
use super::service::{Action, Caller};
use super::xml::Xml;

pub(super) fn serve(
    sandbox: &SandboxAws,
    caller: &Caller,
    action: Action,
    form: &Parameters,
) -> Result<Xml, Refusal> {
    let call = Call::parse(sandbox, caller, action, form)?;
    let resource = format!("arn:aws:iam::{}:user/{}", sandbox.0.config.account, call.user);
    sandbox.check_allowed(caller, &format!("iam:{}", action.as_str()), &resource, &[])?;
    if !sandbox.0.config.users.contain(&call.user) {
        let message = format!("The user with name {} cannot be found.", call.user);
        return Err(Refusal::new(Code::NoSuchEntity, message));
    }
    match action {
        Action::CreateAccessKey => call.create(sandbox, caller),
        Action::UpdateAccessKey => call.update(sandbox, caller),
        Action::DeleteAccessKey => call.delete(sandbox, caller),
        Action::ListAccessKeys => Ok(call.list(sandbox)),
        Action::GetAccessKeyLastUsed => call.last_used(sandbox),
        Action::AssumeRole
        | Action::AssumeRoleWithWebIdentity
        | Action::GetCallerIdentity
        | Action::GetScopedCredentials
        | Action::GetWebIdentityToken => Err(Refusal::new(Code::InvalidAction, "Not an action of IAM.")),
    }
}

/// What the calls have in common: whose key is meant, and which.
struct Call {
    user: String,
    id: String,
    active: bool,
}

impl Call {
    fn parse(
        sandbox: &SandboxAws,
        caller: &Caller,
        action: Action,
        form: &Parameters,
    ) -> Result<Self, Refusal> {
        let mut constraints = Constraints::default();
        let named = form.text("UserName");
        if let Some(name) = named {
            constraints.length("userName", name, 1..=128);
            constraints.characters("userName", name, "[\\w+=,.@-]+", is_name_character);
        }
        let mut id = "";
        if matches!(action, Action::UpdateAccessKey | Action::DeleteAccessKey | Action::GetAccessKeyLastUsed)
        {
            id = constraints.required("accessKeyId", form.text("AccessKeyId"));
            if form.text("AccessKeyId").is_some() {
                constraints.length("accessKeyId", id, 16..=128);
            }
        }
        let mut status = "Active";
        if matches!(action, Action::UpdateAccessKey) {
            status = constraints.required("status", form.text("Status"));
            if form.text("Status").is_some() && !["Active", "Inactive"].contains(&status) {
                constraints.violated("status", status, "satisfy enum value set: [Active, Inactive]");
            }
        }
        constraints.check()?;
        let user = match (action, named, &caller.principal) {
            // The call names a key only.
            (Action::GetAccessKeyLastUsed, ..) => {
                sandbox.0.access_keys.find(id).map(|(user, _)| user).ok_or_else(|| no_such_key(id))?
            }
            (_, Some(name), _) => name.to_owned(),
            (_, None, Principal::User(name)) => name.clone(),
            (_, None, _) => {
                let message = "Must specify userName when calling with non-User credentials";
                return Err(Refusal::new(Code::ValidationError, message));
            }
        };
        Ok(Self { user, id: id.to_owned(), active: status == "Active" })
    }

    fn create(&self, sandbox: &SandboxAws, caller: &Caller) -> Result<Xml, Refusal> {
        let id = user_key_id(sandbox.0.random.as_ref());
        let created = sandbox.0.access_keys.create(&self.user, id, caller.moment.now);
        let key = created.map_err(|LimitExceeded| {
            Refusal::new(Code::LimitExceeded, "Cannot exceed quota for AccessKeysPerUser: 2")
        })?;
        let secret = sandbox.0.config.key.secret_of(&key.id);
        let described = self.described(&key).text("SecretAccessKey", &secret);
        Ok(Xml::default().element("AccessKey", described))
    }

    fn update(&self, sandbox: &SandboxAws, caller: &Caller) -> Result<Xml, Refusal> {
        self.change(sandbox, |key| {
            if key.active != self.active {
                key.active = self.active;
                key.changed_at = Some(caller.moment.now);
            }
        })
    }

    fn delete(&self, sandbox: &SandboxAws, caller: &Caller) -> Result<Xml, Refusal> {
        self.change(sandbox, |key| key.deleted_at = Some(caller.moment.now))
    }

    fn change(&self, sandbox: &SandboxAws, change: impl FnOnce(&mut UserKey)) -> Result<Xml, Refusal> {
        let changed = sandbox.0.access_keys.change(&self.user, &self.id, change);
        if changed { Ok(Xml::default()) } else { Err(no_such_key(&self.id)) }
    }

    fn list(&self, sandbox: &SandboxAws) -> Xml {
        let keys = sandbox.0.access_keys.of_user(&self.user);
        let members =
            keys.iter().fold(Xml::default(), |list, key| list.element("member", self.described(key)));
        Xml::default()
            .text("UserName", &self.user)
            .element("AccessKeyMetadata", members)
            .text("IsTruncated", "false")
    }

    fn last_used(&self, sandbox: &SandboxAws) -> Result<Xml, Refusal> {
        let (_, key) = sandbox.0.access_keys.find(&self.id).ok_or_else(|| no_such_key(&self.id))?;
        let used = match &key.last_used {
            Some(used) => Xml::default()
                .text("LastUsedDate", &used.at.to_string())
                .text("ServiceName", &used.service)
                .text("Region", &used.region),
            None => Xml::default().text("ServiceName", "N/A").text("Region", "N/A"),
        };
        Ok(Xml::default().text("UserName", &self.user).element("AccessKeyLastUsed", used))
    }

    fn described(&self, key: &UserKey) -> Xml {
        Xml::default()
            .text("UserName", &self.user)
            .text("AccessKeyId", &key.id)
            .text("Status", if key.active { "Active" } else { "Inactive" })
            .text("CreateDate", &key.created_at.to_string())
    }
}

impl Users {
    /// Whether there is such a user.
    pub(super) fn contain(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(users) => users.contains_key(name),
        }
    }
}

fn no_such_key(id: &str) -> Refusal {
    Refusal::new(Code::NoSuchEntity, format!("The Access Key with id {id} cannot be found."))
}
