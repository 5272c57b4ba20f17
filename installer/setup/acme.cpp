#include "installer/setup/acme.h"

#include "installer/setup/steps/step.h"
#include "service/base/crypto.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace bursar::setup {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t pem_bytes_max = 256 << 10, said_bytes_max = 600;
constexpr std::chrono::days last_days{30};
/// uacme asks a CA that does not answer three times, and waits for its answers longer and longer.
constexpr std::chrono::seconds account_takes{60}, issue_takes{240};
constexpr std::uint16_t https_port = 443;
/// A nonce that the CA has forgotten is no refusal: who asks again has a newer one (RFC 8555 §6.5).
constexpr int asked_at_most = 4;
constexpr std::string_view stale = "acme:error:badNonce";

/// What a renewal reads, and nothing else: the answers of a set-up that somebody began later are none of it.
constexpr std::array renewal_reads = {"host.name", "certificate.source", "certificate.acme_url",
                                      "certificate.acme_mail"};

/// uacme's words on one line.
std::string said_by(const Ran& ran) {
    std::string out;
    for (const char c : std::string_view(ran.errors).substr(0, said_bytes_max))
        if (static_cast<unsigned char>(c) > 0x20)
            out.push_back(c);
        else if (!out.empty() && out.back() != ' ')
            out.push_back(' ');
    return out.empty() ? fmt::format("exit code {}", ran.exit_code) : out;
}

/// An account for each CA and contact: another CA knows nothing of the one before.
fs::path account_of(const Answers& answers, const fs::path& folder) {
    const Digest digest = sha256(answers.get("certificate.acme_url") + " " + answers.get("certificate.acme_mail"));
    return folder / ("account-" + to_hex(digest).substr(0, 16));
}

/// uacme, which gives up at the first nonce that the CA does not take.
Result<Ran> ask(const Program& program, System& system) {
    for (int left = asked_at_most - 1;; --left) {
        auto ran = system.run(program);
        if (!ran || left == 0 || ran->exit_code == 0 || !ran->errors.contains(stale)) return ran;
    }
}

/// Makes the account, or finds that the CA has it.
Result<void> open_account(const Answers& answers, const fs::path& account, System& system) {
    Program asked{.file = "uacme",
                  .words = {"--confdir", account.string(), "--acme-url", answers.get("certificate.acme_url"), "--type",
                            "EC", "--yes", "new"},
                  .at_most = account_takes};
    if (answers.has("certificate.acme_mail")) asked.words.push_back(answers.get("certificate.acme_mail"));
    TRY(const Ran ran, ask(asked, system));
    // A run that ended between account and certificate is no failure of the next one.
    if (ran.exit_code == 0 || ran.errors.contains("already exists")) return {};
    return fail(Fault::provider_unavailable,
                fmt::format("The CA at {} gives no account; look at certificate.acme_url and "
                            "certificate.acme_ca_file: {}",
                            answers.get("certificate.acme_url"), said_by(ran)));
}

/// What uacme wrote, which is removed then.
Result<std::string> taken(const fs::path& file) {
    auto text = read_file(file, pem_bytes_max);
    std::error_code ignored;
    fs::remove(file, ignored);
    return text;
}

Result<std::string> issue(const Answers& answers, const AcmeFiles& files, const std::string& request,
                          const std::string& challenge, System& system) {
    const fs::path account = account_of(answers, files.folder), copy = files.folder / "request.csr",
                   given = files.folder / "request-cert.pem";  // uacme's name for what such a request gets
    TRY_VOID(open_account(answers, account, system));
    TRY_VOID(write_file({copy, Secret::copy_of(request), Owner::everybody, Former::dropped}, {}, system.now()));
    // One that is left over would be kept beside the new one.
    std::error_code ignored;
    fs::remove(given, ignored);
    TRY(const Ran ran, ask({.file = "uacme",
                            .words = {"--confdir", account.string(), "--acme-url", answers.get("certificate.acme_url"),
                                      "--never-create", "--no-ocsp", "--hook", challenge, "issue", copy.string()},
                            .at_most = issue_takes},
                           system));
    if (ran.exit_code != 0)
        return fail(Fault::provider_unavailable,
                    fmt::format("The CA at {} gives no certificate; it has to reach http://{}/.well-known/ on port 80 "
                                "of this machine: {}",
                                answers.get("certificate.acme_url"), answers.get("host.name"), said_by(ran)));
    return taken(given);
}

}  // namespace

AcmeFiles AcmeFiles::in(const Paths& paths) {
    const fs::path tls = paths.etc() / "tls";
    return {.answers = tls / "acme.answers",
            .key = tls / "acme.key",
            .request = tls / "acme.csr",
            .ca = tls / "acme-ca.pem",
            .folder = paths.acme(),
            .served = paths.acme() / "server.pem"};
}

Result<void> prepare_acme(const Answers& answers, const Paths& paths, Timestamp now) {
    const AcmeFiles files = AcmeFiles::in(paths);
    Secret key;
    if (auto former = read_file(files.key, pem_bytes_max)) key = Secret(*std::move(former));
    auto request = make_request(key, answers.get("host.name"));
    if (!request) {
        TRY(key, make_key());
        request = make_request(key, answers.get("host.name"));
        TRY_VOID(request);
        TRY_VOID(write_file({files.key, std::move(key)}, paths, now));
    }
    const auto write = [&](const fs::path& file, std::string text, Owner owner) -> Result<void> {
        TRY_VOID(write_file({file, Secret(std::move(text)), owner, Former::dropped}, paths, now));
        return {};
    };
    TRY_VOID(write(files.request, *std::move(request), Owner::everybody));
    std::error_code ignored;
    fs::remove(files.ca, ignored);
    if (answers.has("certificate.acme_ca_file")) {
        TRY(std::string ca, read_file(answers.get("certificate.acme_ca_file"), pem_bytes_max));
        TRY_VOID(write(files.ca, std::move(ca), Owner::everybody));
    }
    Answers kept;
    for (const std::string_view each : renewal_reads) TRY_VOID(kept.set(each, answers.get(each)));
    TRY_VOID(make_folder({files.folder, Owner::everybody}, paths));
    return write(files.answers, kept.text(), Owner::root);
}

bool is_due(const CertificateFacts& facts, Timestamp now) {
    return facts.until - now <= std::min<Timestamp::duration>((facts.until - facts.from) / 3, last_days);
}

Result<Renewal> renew_certificate(const Answers& answers, const AcmeFiles& files, const std::string& challenge,
                                  System& system) {
    if (!answers.is("certificate.source", "acme"))
        return fail(Fault::invalid_request, "certificate.source is not acme, so there is nothing to renew.");
    const std::string host = answers.get("host.name");
    TRY(const std::string request, read_file(files.request, pem_bytes_max));
    if (const auto served = read_file(files.served, pem_bytes_max)) {
        const auto facts = check_issued(*served, request, host, system.now());
        if (facts && !is_due(*facts, system.now())) return Renewal{.facts = *facts};
    }
    TRY(const std::string chain, issue(answers, files, request, challenge, system));
    // What the service would not take, or callers would refuse, does not get into its place.
    TRY(const CertificateFacts facts, check_issued(chain, request, host, system.now()));
    TRY_VOID(write_file({files.served, Secret::copy_of(chain), Owner::everybody, Former::dropped}, {}, system.now()));
    return Renewal{.facts = facts, .is_new = true};
}

Server server_of_https(std::string_view url) {
    if (!is_https(url)) return {};
    url.remove_prefix(std::string_view("https://").size());
    url = url.substr(0, url.find_first_of("/?"));
    const std::size_t bracket = url.find(']'), colon = url.find(':', bracket == std::string_view::npos ? 0 : bracket);
    std::string_view host = url.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (host.empty()) return {};
    if (colon == std::string_view::npos) return {std::string(host), https_port};
    const long port = number_of(url.substr(colon + 1), 5);
    return port < 1 || port > 65535 ? Server{} : Server{std::string(host), static_cast<std::uint16_t>(port)};
}

}  // namespace bursar::setup
