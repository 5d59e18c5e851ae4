//! What the issuance function needs around it: a table, a key, STS, and a published scope document.

use serde_json::{Value, json};

use crate::{ApiGatewayEvent, DynamoDbLocal, Environment, HarnessError, Moto, RuntimeApi};

/// DynamoDB Local with Deputize's table, and moto with a key, for STS and KMS.
#[derive(Debug)]
pub struct IssuanceCloud {
    /// STS and KMS.
    pub moto: Moto,
    /// The table.
    pub dynamodb: DynamoDbLocal,
    key: String,
}

impl IssuanceCloud {
    /// The table's name.
    pub const TABLE: &'static str = "deputize";
    /// The caller that the settings make an admin.
    pub const ADMIN: &'static str = "arn:aws:iam::111122223333:role/deputize-admin";
    /// A session of the role that the example document binds `devops-agent` to.
    pub const DEVOPS: &'static str =
        "arn:aws:sts::111122223333:assumed-role/devops-runtime/i-0123456789abcdef0";

    /// Starts both.
    ///
    /// # Errors
    /// [`HarnessError`] where one of them does not come up.
    pub async fn start(environment: &Environment) -> Result<Self, HarnessError> {
        let (moto, dynamodb) = tokio::try_join!(Moto::start(environment), DynamoDbLocal::start(environment))?;
        let made = deputize_dynamodb::create_table(&dynamodb.client(), Self::TABLE).await;
        made.map_err(HarnessError::part("making the table"))?;
        let key = moto.json("kms", "TrentService.CreateKey", &json!({})).await?;
        let key = key.pointer("/KeyMetadata/Arn").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Self { moto, dynamodb, key })
    }

    /// The environment of the function.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, String)> {
        let settings =
            json!({ "tenant": "acme", "admins": [{ "aws": Self::ADMIN }], "aws": { "region": "us-east-1" } });
        let own = [
            ("DEPUTIZE_TABLE", Self::TABLE.to_owned()),
            ("DEPUTIZE_KMS_KEY", self.key.clone()),
            ("DEPUTIZE_SETTINGS", settings.to_string()),
        ];
        let own = own.map(|(name, value)| (name.to_owned(), value)).to_vec();
        [self.moto.variables(), self.dynamodb.variables(), own].concat()
    }

    /// Publishes a scope document through a function that runs on `host`.
    ///
    /// # Errors
    /// [`HarnessError`] where the function does not take it.
    pub async fn publish(&self, host: &RuntimeApi, document: &str) -> Result<(), HarnessError> {
        let put = ApiGatewayEvent::new("PUT", "/v1/scopes").iam(Self::ADMIN).text(document);
        let answer = host.invoke(put).await?;
        match answer.status() {
            Some(200 | 201) => Ok(()),
            status => Err(HarnessError::Refused {
                operation: "PUT /v1/scopes".to_owned(),
                status: status.unwrap_or_default(),
                body: answer.body.to_string(),
            }),
        }
    }
}
