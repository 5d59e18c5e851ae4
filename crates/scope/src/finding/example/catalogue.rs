//! What only the catalogue of permissions knows.

use super::{Example, Frame};
use crate::finding::Code;
use crate::iam::PolicyKind::Identity;

use Frame::{Scope, Statement};

#[rustfmt::skip]
pub(super) const EXAMPLES: &[Example] = &[
    Example::new(Code::UnknownService, Scope, "cloud: aws, permissions: [dynamdb:GetItem]", "cloud: aws, permissions: [dynamodb:GetItem]"),
    Example::new(Code::UnknownService, Statement(Identity), r#"{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqss:us-east-1:123456789012:orders"}"#, r#"{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-east-1:123456789012:orders"}"#),
    Example::new(Code::UnknownPermission, Scope, "cloud: aws, permissions: [s3:GetObjects]", "cloud: aws, permissions: [s3:GetObject]"),
    Example::new(Code::UnknownPermission, Scope, "cloud: gcp, permissions: [storage.object.get]", "cloud: gcp, permissions: [storage.objects.get]"),
    Example::new(Code::UnmatchedWildcard, Scope, "cloud: aws, permissions: [\"s3:Fetch*\"]", "cloud: aws, permissions: [\"s3:Get*\"]"),
    Example::new(Code::UnmatchedWildcard, Scope, "cloud: azure, permissions: [Microsoft.Compute/virtualMachine/*]", "cloud: azure, permissions: [Microsoft.Compute/virtualMachines/*]"),
    Example::new(Code::NeedlessWildcard, Scope, "cloud: aws, permissions: [\"lambda:InvokeFunctionU*\"]", "cloud: aws, permissions: [lambda:InvokeFunctionUrl]"),
    Example::new(Code::PermissionCase, Scope, "cloud: aws, permissions: [s3:getObject]", "cloud: aws, permissions: [s3:GetObject]"),
    Example::new(Code::TakesNoResource, Scope, "cloud: aws, permissions: [ec2:DescribeInstances], resources: [\"arn:aws:ec2:us-east-1:123456789012:instance/*\"]", "cloud: aws, permissions: [ec2:DescribeInstances]"),
    Example::new(Code::ResourceMismatch, Scope, "cloud: aws, permissions: [s3:ListBucket], resources: [\"arn:aws:s3:::acme-data/*\"]", "cloud: aws, permissions: [s3:ListBucket], resources: [\"arn:aws:s3:::acme-data\"]"),
    Example::new(Code::UnusedResource, Statement(Identity), r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::acme-data", "arn:aws:s3:::acme-data/*"]}"#, r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme-data/*"}"#),
    Example::new(Code::ArnFormat, Statement(Identity), r#"{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "arn:aws:lambda:us-east-1:123456789012:report"}"#, r#"{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:report"}"#),
    Example::new(Code::UnknownConditionKey, Statement(Identity), r#"{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::acme-data", "Condition": {"StringLike": {"s3:prefixes": "reports/*"}}}"#, r#"{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::acme-data", "Condition": {"StringLike": {"s3:prefix": "reports/*"}}}"#),
    Example::new(Code::UnsupportedConditionKey, Statement(Identity), r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme-data/*", "Condition": {"StringLike": {"s3:prefix": "reports/*"}}}"#, r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme-data/reports/*"}"#),
];
