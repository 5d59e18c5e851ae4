//! The token that serves an authority.

use serde::Serialize;

use super::audience::{Audience, Audiences};
use super::authority::Authority;
use super::operation::AzureOperation;
use crate::sorted::{sort, sort_by_key};

/// What Entra will be asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenRequest {
    /// What takes the token.
    pub audience: Audience,
    /// What else would have to take tokens for all that the authority's wildcards match: to be asked for one by one.
    pub elsewhere: Vec<Audience>,
}

impl TokenRequest {
    /// The scope of the token: `https://management.azure.com/.default`.
    pub fn scope(&self) -> &'static str {
        self.audience.token_scope()
    }
}

/// Why an authority has no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// No one token serves all of the operations.
    #[error(
        "the operations are for several audiences of Azure ({}), and a token is for one: ask for them one by one",
        audiences.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    )]
    SeveralAudiences {
        /// Whose tokens are needed.
        audiences: Vec<Audience>,
    },
    /// The authority has no call at all.
    #[error("nothing is left to grant")]
    Empty,
}

/// The audience whose token serves some call of each of the operations. Where several do, because of wildcards, it is
/// the resource manager; what is left out is told.
///
/// The token itself allows all that is assigned to its identity: what is below that, only role assignments enforce.
pub fn compile(authority: &Authority) -> Result<TokenRequest, CompileError> {
    let granted = authority.statements().iter().filter(|statement| !statement.resources.is_empty());
    let operations: Vec<_> = granted.flat_map(|statement| &statement.operations).collect();
    if operations.is_empty() {
        return Err(CompileError::Empty);
    }
    let sets: Vec<Audiences> = operations.iter().map(|operation| operation.audiences()).collect();
    let Some(audience) = shared(&sets) else {
        return Err(CompileError::SeveralAudiences { audiences: needed(&sets) });
    };
    let partly = operations.iter().zip(&sets).filter(|(operation, _)| !operation.is_served_by(audience));
    let elsewhere = partly.fold(Audiences::default(), |all, (_, one)| all.union(*one));
    Ok(TokenRequest { audience, elsewhere: elsewhere.iter().filter(|one| *one != audience).collect() })
}

/// Whose tokens are needed for operations that no one token serves.
pub(crate) fn several<'a>(operations: impl Iterator<Item = &'a AzureOperation>) -> Option<Vec<Audience>> {
    let sets: Vec<Audiences> = operations.map(AzureOperation::audiences).collect();
    shared(&sets).is_none().then(|| needed(&sets))
}

/// The first audience that is in all of the sets.
fn shared(sets: &[Audiences]) -> Option<Audience> {
    sets.iter().fold(Audiences::all(), |common, one| common.common(*one)).iter().next()
}

/// Few audiences that together serve something of each of the sets, which have none in common.
fn needed(sets: &[Audiences]) -> Vec<Audience> {
    // What can be had from one only, first; it may serve the rest as well.
    let mut sets = sets.to_vec();
    sort_by_key(&mut sets, |set| set.iter().count());
    let mut needed: Vec<Audience> = Vec::new();
    for set in sets {
        if !needed.iter().any(|one| set.contains(*one)) {
            needed.extend(set.iter().next());
        }
    }
    sort(&mut needed);
    needed
}

#[cfg(test)]
mod tests {
    use super::super::authority::Statement;
    use super::*;

    fn compiled(operations: &[&str]) -> Result<TokenRequest, CompileError> {
        let operations = operations.iter().map(|text| text.parse().unwrap()).collect();
        let resources = vec!["*".parse().unwrap()];
        compile(&Authority::new(vec![Statement { client_id: None, operations, resources }]))
    }

    const CONTAINER: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/read";
    const BLOB: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read";
    const SECRET: &str = "Microsoft.KeyVault/vaults/secrets/getSecret/action";

    #[test]
    fn the_audience_follows_from_the_operations() {
        let request = compiled(&["Microsoft.Compute/virtualMachines/read"]).unwrap();
        assert_eq!(request.scope(), "https://management.azure.com/.default");
        assert_eq!(compiled(&[CONTAINER, BLOB]).unwrap().scope(), "https://storage.azure.com/.default");
        assert_eq!(compiled(&[CONTAINER]).unwrap().audience, Audience::ResourceManager);
        assert_eq!(compiled(&[SECRET]).unwrap().scope(), "https://vault.azure.net/.default");
    }

    #[test]
    fn several_audiences_are_refused() {
        assert_eq!(
            compiled(&[SECRET, BLOB, CONTAINER]),
            Err(CompileError::SeveralAudiences { audiences: vec![Audience::Storage, Audience::KeyVault] })
        );
        let error = compiled(&["Microsoft.Compute/*", BLOB]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the operations are for several audiences of Azure (the resource manager, Storage), and a token is for \
             one: ask for them one by one"
        );
    }

    #[test]
    fn what_a_wildcard_matches_elsewhere_is_told() {
        let request = compiled(&["Microsoft.Storage/*"]).unwrap();
        assert_eq!(request.audience, Audience::ResourceManager);
        assert_eq!(request.elsewhere, [Audience::Storage]);
        let request = compiled(&["Microsoft.Storage/*", BLOB]).unwrap();
        assert_eq!(
            (request.audience, request.elsewhere),
            (Audience::Storage, vec![Audience::ResourceManager])
        );
        assert_eq!(compiled(&["*"]).unwrap().elsewhere, Audience::ALL[1..]);
        assert_eq!(compiled(&[BLOB]).unwrap().elsewhere, []);
    }

    #[test]
    fn nothing_is_no_token() {
        assert_eq!(compiled(&[]), Err(CompileError::Empty));
    }
}
