// The step about the certificate: self-signed, of the company's own files, or of its CA by ACME.
#include "installer/setup/certificate.h"

#include "installer/setup/acme.h"
#include "installer/setup/steps/step.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::setup {
namespace {

constexpr std::size_t pem_bytes_max = 256 << 10;
constexpr long days_max = 825, days_soon = 30;

std::string days_left(Timestamp until, Timestamp now) {
    return fmt::format("{}", std::chrono::floor<std::chrono::days>(until - now).count());
}

void look_at_own(Findings& out, const Answers& answers) {
    const long days = number_of(answers.get("certificate.days"), 4);
    if (days < 1 || days > days_max)
        out.wrong(fmt::format("certificate.days is \"{}\"; write a number from 1 to {}.",
                              answers.get("certificate.days"), days_max));
    else
        out.good(
            fmt::format("A certificate for {} is made by the set-up, for {} days.", answers.get("host.name"), days));
}

void look_at_files(Findings& out, const Answers& answers, const Surroundings& around) {
    for (const std::string_view key : {"certificate.certificate", "certificate.private_key"})
        if (!answers.has(key)) out.wrong(fmt::format("{} is missing; name a PEM file.", key));
    if (out.is_wrong()) return;
    const auto chain = read_file(answers.get("certificate.certificate"), pem_bytes_max);
    auto key_text = read_file(answers.get("certificate.private_key"), pem_bytes_max);
    if (!chain) out.wrong(chain.error().for_caller);
    if (!key_text) out.wrong(key_text.error().for_caller);
    if (out.is_wrong()) return;
    const Timestamp now = around.system.now();
    const auto facts = check_certificate(*chain, Secret(*std::move(key_text)), answers.get("host.name"), now);
    if (!facts) return out.wrong(facts.error().for_caller);
    out.good(fmt::format("{} by {} until {}, SHA-256 {}", facts->subject, facts->issuer, to_text(facts->until),
                         facts->fingerprint));
    if (facts->until < now + std::chrono::days(days_soon))
        out.note(fmt::format("The certificate ends in {} days; get a new one soon.", days_left(facts->until, now)));
}

/// Letters that a mail address may have here; a CA reads it out of JSON and a command line.
bool is_mail(std::string_view text) {
    const std::size_t at = text.find('@');
    return at != std::string_view::npos && at > 0 && at + 1 < text.size() && text.front() != '-' &&
           std::ranges::all_of(text, [](unsigned char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      std::string_view("@.-_+").contains(static_cast<char>(c));
           });
}

void look_at_ca(Findings& out, const Answers& answers, System& system) {
    const std::string url = answers.get("certificate.acme_url"), mail = answers.get("certificate.acme_mail");
    const Server server = server_of_https(url);
    if (server.port == 0)
        out.wrong(
            fmt::format("certificate.acme_url is \"{}\"; write the https address of the CA's directory, such as "
                        "https://ca.corp.example/acme/acme/directory.",
                        url));
    if (!mail.empty() && !is_mail(mail))
        out.wrong(fmt::format("certificate.acme_mail is \"{}\"; write one address, or nothing.", mail));
    std::string ca;
    if (answers.has("certificate.acme_ca_file")) {
        auto read = read_file(answers.get("certificate.acme_ca_file"), pem_bytes_max);
        if (!read) return out.wrong(read.error().for_caller);
        ca = *std::move(read);
    }
    // It ends with an exit code of its own when it tells its version.
    if (!system.run({.file = "uacme", .words = {"--version"}}))
        out.wrong(
            "uacme, which asks the CA, is not on this machine; install it (apt-get install uacme), or take another "
            "certificate.source.");
    if (server.port == 0) return;
    if (const auto connected = system.connect_tls(server, ca); !connected)
        out.wrong(
            fmt::format("The CA at {}:{} cannot be asked; look at certificate.acme_url and "
                        "certificate.acme_ca_file: {}",
                        server.host, server.port, connected.error().for_caller));
    else
        out.good(fmt::format("The CA at {}:{} answers, and its certificate is trusted.", server.host, server.port));
}

/// The one that the service shows already. What is wrong with it the set-up mends, so it is no reason to stop.
void look_at_served(Findings& out, const Answers& answers, const Surroundings& around) {
    const AcmeFiles files = AcmeFiles::in(around.paths);
    const auto chain = read_file(files.served, pem_bytes_max), request = read_file(files.request, pem_bytes_max);
    if (!chain || !request) {
        out.note("There is no certificate of the CA yet; the set-up gets it.");
        return;
    }
    const Timestamp now = around.system.now();
    const auto facts = check_issued(*chain, *request, answers.get("host.name"), now);
    if (!facts)
        out.note(fmt::format("The CA's certificate is not to be used: {} Renew it: systemctl start bursar-certificate",
                             facts.error().for_caller));
    else
        out.good(fmt::format("{} by {} until {}, {} days, SHA-256 {}", facts->subject, facts->issuer,
                             to_text(facts->until), days_left(facts->until, now), facts->fingerprint));
    if (facts && is_due(*facts, now))
        out.note("It should have been renewed; journalctl -u bursar-certificate says why it was not.");
    const auto timer =
        around.system.run({.file = "systemctl", .words = {"is-active", "--quiet", "bursar-certificate.timer"}});
    if (!timer)
        out.note("Whether the timer that renews it is on cannot be told: there is no systemd.");
    else if (timer->exit_code != 0)
        out.note("The timer that renews it is off; turn it on: systemctl enable --now bursar-certificate.timer");
    else
        out.good("The timer bursar-certificate.timer is on, which renews it.");
}

}  // namespace

Findings check_certificate_step(const Answers& answers, const Surroundings& around) {
    Findings out("certificate");
    if (answers.is("certificate.source", "self-signed")) {
        look_at_own(out, answers);
    } else if (answers.is("certificate.source", "files")) {
        look_at_files(out, answers, around);
    } else {
        look_at_ca(out, answers, around.system);
        look_at_served(out, answers, around);
    }
    return out;
}

}  // namespace bursar::setup
