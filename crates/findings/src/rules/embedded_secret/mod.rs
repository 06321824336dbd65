use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_analyze::facts::SecretKind;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "embedded-secret",
    title: "secret inside",
    severity: Severity::High,
    confidence: Confidence::percent(80),
    threat: "F5",
    cwe: &[798],
    attack: &["T1552.001"],
    sources: &["https://cwe.mitre.org/data/definitions/798.html"],
    description: "The module carries a credential: a token of GitHub, GitLab, Slack, Stripe or npm is \
        high; a private key, a key of AWS or Google and a signed web token are medium; a password in a \
        URL is low. Whoever gets the module has it. Its value is shown nowhere.",
    remediation: "Revoke it, take it out of the build, and give it at run time.",
    false_positives: "Keys of tests and examples; web tokens that have expired; passwords in the \
        examples of documentation (Ruby's library has 22).",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        for secret in &module.content.secrets.list {
            let (what, severity) = match secret.kind {
                SecretKind::GithubToken => ("a token of GitHub", Severity::High),
                SecretKind::GitlabToken => ("a token of GitLab", Severity::High),
                SecretKind::Slack => ("a token or webhook of Slack", Severity::High),
                SecretKind::StripeKey => ("a live key of Stripe", Severity::High),
                SecretKind::NpmToken => ("a token of npm", Severity::High),
                SecretKind::PrivateKey => ("a private key", Severity::Medium),
                SecretKind::AwsKey => ("the id of a key of AWS", Severity::Medium),
                SecretKind::GoogleKey => ("a key of Google", Severity::Medium),
                SecretKind::Jwt => ("a signed JSON web token", Severity::Medium),
                SecretKind::UrlPassword => ("a password in a URL", Severity::Low),
            };
            found.in_module(module, what).at(secret.offset).milder(severity);
        }
    }
}
