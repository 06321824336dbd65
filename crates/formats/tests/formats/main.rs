//! What is written, against the official schemas and against what it has to say.

mod cyclonedx;
mod lines;
mod samples;
mod sarif;
mod schemas;
