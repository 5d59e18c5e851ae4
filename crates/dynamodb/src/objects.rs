//! The ledger's files, where no bucket keeps them: a row each, or several where one is too large.

use async_trait::async_trait;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, PutRequest, WriteRequest};
use deputize_broker::ports::StoreError;
use deputize_broker::ports::ledger::{LogObjects, ObjectPath, PutError};
use futures_util::future::try_join_all;

use crate::Store;
use crate::error::{impossible, store_error};
use crate::item::{number, sha256, text};
use crate::ledger::BATCH;
use crate::table::Key;

/// How many bytes of a file go into one row: an item has 400 KB at most
/// (docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html).
const ROW: usize = 380 * 1024;

/// How many such rows go into one request: DynamoDB takes 16 MB, and the embedded engine 4 MB.
const ROWS: usize = 8;

#[async_trait]
impl LogObjects for Store {
    async fn put(&self, path: &ObjectPath, bytes: &[u8]) -> Result<(), PutError> {
        if self.put_file(path, bytes, true).await? {
            return Ok(());
        }
        match self.get(path).await? {
            Some(there) if there == bytes => Ok(()),
            _ => Err(PutError::Different(path.clone())),
        }
    }

    async fn replace(&self, path: &ObjectPath, bytes: &[u8]) -> Result<(), StoreError> {
        self.put_file(path, bytes, false).await.map(|_| ())
    }

    async fn get(&self, path: &ObjectPath) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(file) = self.read(&Key::file(path)).await? else { return Ok(None) };
        let parts: usize = file.number("parts")?;
        if parts == 0 {
            return file.bytes("bytes").map(|bytes| Some(bytes.to_vec()));
        }
        let hash = file.text("sha256")?;
        let parts = (0..parts).map(|number| async move {
            let key = Key::part(path, hash, number);
            let part = self.read(&key).await?;
            part.ok_or_else(|| file_error(path, "parts", "are not all there"))?
                .bytes("bytes")
                .map(<[u8]>::to_vec)
        });
        Ok(Some(try_join_all(parts).await?.concat()))
    }

    async fn remove(&self, path: &ObjectPath) -> Result<(), StoreError> {
        let Some(file) = self.read(&Key::file(path)).await? else { return Ok(()) };
        let parts: usize = file.number("parts")?;
        let hash = file.text("sha256")?;
        let keys = (0..parts).map(|number| Key::part(path, hash, number));
        let delete = |key: Key| {
            let request = DeleteRequest::builder().set_key(Some(key.attributes())).build();
            Ok(WriteRequest::builder().delete_request(request.map_err(impossible)?).build())
        };
        let deletions: Result<Vec<_>, StoreError> = keys.map(delete).collect();
        // Its name goes first: a file is there by it.
        self.write(vec![delete(Key::file(path))?], BATCH).await?;
        self.write(deletions?, BATCH).await
    }
}

impl Store {
    /// Whether the file was put: not where there is one already and it is to be a new one.
    async fn put_file(&self, path: &ObjectPath, bytes: &[u8], is_new: bool) -> Result<bool, StoreError> {
        let hash = sha256(bytes);
        let mut file = Key::file(path).attributes();
        file.insert("sha256".to_owned(), text(&hash));
        let parts: &[u8] = if bytes.len() <= ROW { &[] } else { bytes };
        let rows = parts.chunks(ROW).enumerate().map(|(number, part)| {
            let mut row = Key::part(path, &hash, number).attributes();
            row.insert("bytes".to_owned(), blob(part));
            let put = PutRequest::builder().set_item(Some(row)).build().map_err(impossible)?;
            Ok(WriteRequest::builder().put_request(put).build())
        });
        self.write(rows.collect::<Result<_, StoreError>>()?, ROWS).await?;
        if parts.is_empty() {
            file.insert("bytes".to_owned(), blob(bytes));
        }
        file.insert("parts".to_owned(), number(parts.len().div_ceil(ROW)));
        let put = self.client.put_item().table_name(&*self.table).set_item(Some(file));
        let put = if is_new { put.condition_expression("attribute_not_exists(pk)") } else { put };
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                Ok(false)
            }
            Err(error) => Err(store_error(error)),
        }
    }
}

fn blob(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

fn file_error(path: &ObjectPath, attribute: &'static str, problem: &str) -> StoreError {
    StoreError::Inconsistent { key: Key::file(path).to_string(), attribute, problem: problem.to_owned() }
}
