// All questions in the order in which they are asked.
#include "installer/setup/answers.h"

#include <array>

namespace bursar::setup {
namespace {

constexpr std::array questions = {
    Question{"host.name", "Host name of this service", "People and programs reach the service by one name.",
             "A name that the company's DNS knows, such as bursar.corp.example: certificates and sign-ins are for it.",
             "", "", ""},
    Question{"host.address", "Address to listen on", "A server may have more addresses than callers should see.",
             "An IPv4 or IPv6 address of this machine; :: are all of them, 0.0.0.0 those of IPv4.", "::", "", ""},
    Question{"host.port", "Port", "443 is what https means without a number.", "A port from 1 to 65535.", "443", "",
             ""},
    Question{"host.organisation", "Name of the organisation", "Reports and messages carry it.",
             "Any words; the policy has them as organisation.name.", "Our organisation", "", ""},
    Question{"host.time_zone", "Time zone", "Budgets of a day or a month begin at midnight there.",
             "A name of the IANA's list, such as Europe/Berlin or UTC.", "UTC", "", ""},

    Question{"certificate.source", "Certificate: self-signed, files or acme",
             "Nobody speaks to the service without TLS, and TLS needs a certificate.",
             "files: you have a certificate and its key as PEM files. acme: the company's CA gives one by ACME, and a "
             "timer renews it. self-signed: one is made now; everybody who connects needs it as their CA file, so "
             "take it for a trial.",
             "self-signed", "self-signed files acme", ""},
    Question{"certificate.certificate", "File with the certificate", "Callers are shown this chain.",
             "PEM: the server's certificate first, then those that signed it, without the root.", "", "",
             "certificate.source=files"},
    Question{"certificate.private_key", "File with its private key", "Only who has the key can answer for the name.",
             "PEM, without a passphrase: a service starts without a person.", "", "", "certificate.source=files"},
    Question{"certificate.ca_file", "File with the CA; empty for one that every system knows",
             "The set-up itself calls the service when it runs.", "PEM: the root that the company's machines trust.",
             "", "", "certificate.source=files"},
    Question{"certificate.acme_url", "Address of the CA's directory", "The CA says there how it is asked (RFC 8555).",
             "Such as https://ca.corp.example/acme/acme/directory. The CA fetches http://HOST/.well-known/ from this "
             "machine, port 80, to see that the name is ours.",
             "", "", "certificate.source=acme"},
    Question{"certificate.acme_ca_file", "File with the CA's root; empty for one that every system knows",
             "The CA itself is spoken to by TLS, and the set-up calls the service when it runs.",
             "PEM: the root that the company's machines trust.", "", "", "certificate.source=acme"},
    Question{"certificate.acme_mail", "Mail address for the CA; empty for none",
             "Some CAs tell somebody of what goes wrong.", "It becomes the contact of the account there.", "", "",
             "certificate.source=acme"},
    Question{"certificate.days", "Days that it is valid", "A certificate ends, and has to be made again before.",
             "1 to 825.", "397", "", "certificate.source=self-signed"},

    Question{"master_key.source", "Master key: credential, file or passphrase",
             "One key opens the vault with the providers' keys and all books.",
             "credential: encrypted for this machine by systemd, and for its TPM if it has one. file: in a file that "
             "the service alone reads; for machines without systemd. passphrase: a person types it after each start.",
             "credential", "credential file passphrase", ""},
    Question{"master_key.with", "Encrypt it for auto, host or tpm2",
             "What the key is bound to decides who could use a stolen disk.",
             "tpm2: this machine's chip, a stolen disk is useless. host: a file of this machine. auto: both, where "
             "there is a chip.",
             "auto", "auto host tpm2", "master_key.source=credential"},
    Question{"master_key.passphrase_file", "File with the passphrase", "The vault is made with it now.",
             "One line of at least 12 bytes, mode 0600; delete the file afterwards; ! lets you type it here, unseen.",
             "", "", "master_key.source=passphrase", true},

    Question{"operator.name", "Name of the first operator", "Somebody has to be able to change things.",
             "Letters, digits, dots and dashes; the audit shows it.", "admin", "", ""},
    Question{"operator.token_file", "File for the operator's token", "Whoever has the token administers the service.",
             "It is written with mode 0600. Move it to where your secrets are.", "/etc/bursar/operator.token", "", ""},

    Question{"recovery.make", "Make a recovery key: yes or no",
             "When the machine is lost, it is the only thing that opens a backup.",
             "It is made once, shown once, and asked for again so that you have it for sure.", "yes", "yes no", ""},
    Question{"recovery.file", "File for the recovery key; empty shows it here",
             "Without a terminal it has to go somewhere.",
             "Written with mode 0600. Print it, put it into a safe, delete the file.", "", "", "recovery.make=yes"},

    Question{"directory.kind", "Directory: none, active_directory or openldap",
             "People sign in with the account that they have already.", "You can add one later, in the policy.", "none",
             "none active_directory openldap", ""},
    Question{"directory.name", "Short name of the directory", "The policy calls it so.", "Small letters.", "corp", "",
             "directory.kind"},
    Question{"directory.domain", "Domain whose DNS names the servers; empty to name servers",
             "DNS knows which servers there are, and keeps knowing it.", "Such as corp.example.", "", "",
             "directory.kind"},
    Question{"directory.servers", "Servers; empty when a domain was given", "Who is asked about people.",
             "ldaps://dc1.corp.example, ldaps://dc2.corp.example", "", "", "directory.kind"},
    Question{"directory.ca_file", "File with the directory's CA; empty for the system's",
             "A directory that anybody could play is none.", "PEM.", "", "", "directory.kind"},
    Question{"directory.bind_dn", "Account that reads", "Most directories answer nobody who is unknown.",
             "A DN such as CN=svc-bursar,OU=Services,DC=corp,DC=example; it needs to read and nothing else.", "", "",
             "directory.kind"},
    Question{"directory.password_file", "File with its password", "It goes into the vault and nowhere else.",
             "One line, mode 0600; delete the file afterwards; ! lets you type it here, unseen.", "", "",
             "directory.kind", true},
    Question{"directory.people", "Where people are", "Nobody from elsewhere signs in.",
             "A DN such as OU=Staff,DC=corp,DC=example.", "", "", "directory.kind"},

    Question{"oidc.issuer", "Issuer of OpenID Connect; empty for none", "People sign in in the browser.",
             "An https address, such as https://id.corp.example/realms/staff.", "", "", ""},
    Question{"oidc.name", "Short name of it", "The policy calls it so.", "Small letters.", "sso", "", "oidc.issuer"},
    Question{"oidc.client_id", "Client id", "The issuer knows this service by it.", "Of a confidential web client.", "",
             "", "oidc.issuer"},
    Question{"oidc.secret_file", "File with the client secret", "It goes into the vault and nowhere else.",
             "One line, mode 0600; delete the file afterwards; ! lets you type it here, unseen.", "", "", "oidc.issuer",
             true},

    Question{"provider.name", "First provider of models; empty for none", "Calls go to providers.",
             "Small letters, such as openai or anthropic.", "", "", ""},
    Question{"provider.dialect", "What it speaks: openai or anthropic", "There are two ways to ask a model.",
             "Most servers speak openai.", "openai", "openai anthropic", "provider.name"},
    Question{"provider.base_url", "Its address", "Calls are sent there.",
             "Such as https://api.openai.com/v1 or https://api.anthropic.com.", "", "", "provider.name"},
    Question{"provider.key_file", "File with its key; empty if it wants none",
             "It goes into the vault and nowhere else.",
             "One line, mode 0600; delete the file afterwards; ! lets you type it here, unseen.", "", "",
             "provider.name", true},
    Question{"provider.models", "Its models", "Only models that the policy names can be called.",
             "Names with commas between, such as gpt-4o-mini, gpt-5.", "", "", "provider.name"},

    Question{"team.name", "First team; empty for none", "Money is given to teams.", "Small letters, digits, dashes.",
             "", "", ""},
    Question{"team.groups", "Groups of the directory whose people are in it", "Who comes and goes there does so here.",
             "DNs or names of groups, with semicolons between.", "", "", "team.name"},
    Question{"team.budget_usd", "Its budget in USD", "Calls beyond it are refused.", "A whole number.", "100", "",
             "team.name"},
    Question{"team.per", "For each day, week or month", "When the budget begins again.", "By the calendar.", "month",
             "day week month", "team.name"},

    Question{"alerts.slack_webhook_file", "File with the address of a Slack webhook; empty for none",
             "Somebody should hear of it when a provider fails or a budget ends.",
             "Whoever knows the address can write into the channel, so it goes into the vault; ! lets you type it "
             "here, unseen.",
             "", "", "", true},
    Question{"alerts.jira_url", "Jira; empty for none", "Incidents become issues.", "https://example.atlassian.net", "",
             "", ""},
    Question{"alerts.jira_user", "Its user", "Issues are made in that name.", "An e-mail address in Jira Cloud.", "",
             "", "alerts.jira_url"},
    Question{"alerts.jira_token_file", "File with the user's API token", "It goes into the vault and nowhere else.",
             "One line, mode 0600; ! lets you type it here, unseen.", "", "", "alerts.jira_url", true},
    Question{"alerts.jira_project", "Key of the project", "Issues are made there.", "Such as OPS.", "", "",
             "alerts.jira_url"},

    Question{"backup.folder", "Folder for backups; \"none\" makes none", "Disks break.",
             "Best on another disk, or mounted from another machine.", "/var/backups/bursar", "", ""},
    Question{"backup.every_hours", "Hours between backups", "What came after the last one is lost with the machine.",
             "1 to 720; 0 only when somebody asks.", "24", "", "backup.folder"},
    Question{"backup.keep", "How many to keep", "Older ones are deleted.", "1 to 1000.", "14", "", "backup.folder"},
};

}  // namespace

std::span<const Question> all_questions() { return questions; }

}  // namespace bursar::setup
