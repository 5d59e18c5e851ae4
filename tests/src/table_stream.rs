//! The stream of a table at DynamoDB Local, as a Lambda event source mapping reads it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{DynamoDbLocal, HarnessError};

/// The stream, read from its beginning on.
#[derive(Debug)]
pub struct TableStream {
    arn: String,
    /// Where each shard is read on.
    iterators: BTreeMap<String, Option<String>>,
}

impl TableStream {
    /// Has a table tell of its rows, before and after each change.
    ///
    /// # Errors
    /// [`HarnessError::Refused`] where the engine does not.
    pub async fn enable(dynamodb: &DynamoDbLocal, table: &str) -> Result<Self, HarnessError> {
        let stream = json!({ "StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES" });
        let update = json!({ "TableName": table, "StreamSpecification": stream });
        let updated = dynamodb.call("UpdateTable", &update).await?;
        let arn = text(&updated, "/TableDescription/LatestStreamArn").unwrap_or_default();
        Ok(Self { arn, iterators: BTreeMap::new() })
    }

    /// The records since this was last asked, as a function is given them.
    ///
    /// # Errors
    /// [`HarnessError::Refused`] where the engine does not answer as it should.
    pub async fn records(&mut self, dynamodb: &DynamoDbLocal) -> Result<Vec<Value>, HarnessError> {
        self.find_shards(dynamodb).await?;
        let mut records = Vec::new();
        for iterator in self.iterators.values_mut() {
            while let Some(at) = iterator.take() {
                let page = dynamodb.stream_call("GetRecords", &json!({ "ShardIterator": at })).await?;
                *iterator = text(&page, "/NextShardIterator");
                let found = list(&page, "/Records");
                if found.is_empty() {
                    break;
                }
                records.extend(found);
            }
        }
        for record in records.iter_mut().filter_map(Value::as_object_mut) {
            record.insert("eventSourceARN".to_owned(), self.arn.as_str().into());
        }
        Ok(records)
    }

    async fn find_shards(&mut self, dynamodb: &DynamoDbLocal) -> Result<(), HarnessError> {
        let described = dynamodb.stream_call("DescribeStream", &json!({ "StreamArn": self.arn })).await?;
        let shards = list(&described, "/StreamDescription/Shards");
        for shard in shards.iter().filter_map(|shard| text(shard, "/ShardId")) {
            if !self.iterators.contains_key(&shard) {
                let asked = json!({
                    "StreamArn": self.arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON",
                });
                let found = dynamodb.stream_call("GetShardIterator", &asked).await?;
                self.iterators.insert(shard, text(&found, "/ShardIterator"));
            }
        }
        Ok(())
    }
}

fn text(of: &Value, pointer: &str) -> Option<String> {
    of.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

fn list(of: &Value, pointer: &str) -> Vec<Value> {
    of.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default()
}
