//! Events as API Gateway's HTTP APIs hand them to a function: payload format 2.0.
//!
//! Source: AWS, "Create AWS Lambda proxy integrations for HTTP APIs" (payload format version).

use serde_json::{Map, Value, json};

/// An event in the making; becomes JSON by `Value::from`.
#[derive(Clone, Debug)]
pub struct ApiGatewayEvent {
    method: String,
    path: String,
    query: String,
    headers: Map<String, Value>,
    authorizer: Option<Value>,
    body: Option<String>,
}

impl ApiGatewayEvent {
    /// A request by any method. `path` may carry a query.
    #[must_use]
    pub fn new(method: &str, path: &str) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let headers = [("host", "api.example.com"), ("user-agent", "deputize-e2e")]
            .map(|(name, value)| (name.to_owned(), Value::from(value)));
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: Map::from_iter(headers),
            authorizer: None,
            body: None,
        }
    }

    /// A GET request.
    #[must_use]
    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// A POST request.
    #[must_use]
    pub fn post(path: &str) -> Self {
        Self::new("POST", path)
    }

    /// A DELETE request.
    #[must_use]
    pub fn delete(path: &str) -> Self {
        Self::new("DELETE", path)
    }

    /// As let through by the IAM authoriser. The gateway tells the caller's ARN as STS does: a role's
    /// session is `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
    #[must_use]
    pub fn iam(mut self, caller_arn: &str) -> Self {
        let account = caller_arn.split(':').nth(4).unwrap_or_default();
        let session = caller_arn.rsplit('/').next().unwrap_or_default();
        let caller = format!("AROAEXAMPLEEXAMPLE001:{session}");
        self.authorizer = Some(json!({ "iam": {
            "accessKey": "ASIAEXAMPLEEXAMPLE01",
            "accountId": account,
            "callerId": caller,
            "cognitoIdentity": null,
            "principalOrgId": null,
            "userArn": caller_arn,
            "userId": caller,
        }}));
        self
    }

    /// As let through by a JWT authoriser, which has verified the signature, the issuer and the audience
    /// and tells every claim as a string.
    #[must_use]
    pub fn jwt<'a>(mut self, claims: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let claims: Map<String, Value> =
            claims.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
        self.authorizer = Some(json!({ "jwt": { "claims": claims, "scopes": null } }));
        self
    }

    /// A request header. The gateway tells names in lower case.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_ascii_lowercase(), Value::from(value));
        self
    }

    /// A JSON body with its content type.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").text(&body.to_string())
    }

    /// A body as it is.
    #[must_use]
    pub fn text(mut self, body: &str) -> Self {
        self.body = Some(body.to_owned());
        self
    }
}

impl From<ApiGatewayEvent> for Value {
    fn from(event: ApiGatewayEvent) -> Self {
        let mut context = json!({
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "domainName": "api.example.com",
            "domainPrefix": "api",
            "http": {
                "method": event.method,
                "path": event.path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "deputize-e2e",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "$default",
            "stage": "$default",
            "time": "12/Mar/2026:19:03:58 +0000",
            "timeEpoch": 1_773_342_238_000_u64,
        });
        if let (Some(authorizer), Some(context)) = (event.authorizer, context.as_object_mut()) {
            context.insert("authorizer".to_owned(), authorizer);
        }
        let mut value = json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": event.path,
            "rawQueryString": event.query,
            "headers": event.headers,
            "requestContext": context,
            "isBase64Encoded": false,
        });
        if let (Some(body), Some(value)) = (event.body, value.as_object_mut()) {
            value.insert("body".to_owned(), Value::from(body));
        }
        value
    }
}
