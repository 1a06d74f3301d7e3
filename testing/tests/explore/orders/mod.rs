//! Orders: extensions that do well in the plain run and not in every order, and ones that do.

mod broken;
mod found;
mod grpc;
mod kinds;
mod plain;
mod queue;
mod report;
