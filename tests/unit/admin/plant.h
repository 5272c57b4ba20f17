#pragma once

#include "service/admin/control_plane.h"
#include "service/outbox/post_office.h"
#include "service/reports/schedules.h"
#include "service/treasury/allocations.h"
#include "tests/unit/admin/company.h"

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// A whole control plane for tests: real vault, store, ledger, audit and credentials in a folder of its own, asked over
// its socket.
namespace bursar::admin::test {

struct HttpReply {
    int status = 0;
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::vector<std::string> cookies;            ///< every Set-Cookie, in order
    std::string body;

    /// What stands at a JSON pointer (RFC 6901), as text: "/keys/0/id". "<nothing>" if there is none.
    std::string at(std::string_view pointer) const;
    std::size_t count(std::string_view pointer) const;  ///< items of a list
    /// What a cookie is set to; empty if it is not, or dropped.
    std::string cookie(std::string_view name) const;
};

struct Asked {
    std::string token = {};
    std::string body = {};
    std::string if_match = {};
    std::string address = "192.0.2.7";
    std::string extra = {};  ///< further header lines, each with CR LF
};

/// As the console's own page asks for somebody whose session this cookie is.
Asked by_page(const std::string& cookie, std::string body = {});

inline constexpr std::string_view metrics_token = "scrape-me-and-only-me-0123456789";
/// What opens the vault of a plant that starts open, as a body of the API.
inline constexpr std::string_view master_key_body =
    R"({"master_key":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"})";

class Plant {
  public:
    enum class Start : unsigned char { open, sealed };
    explicit Plant(Start start = Start::open, std::chrono::milliseconds unseal_delay = std::chrono::milliseconds(0));
    ~Plant();
    Plant(const Plant&) = delete;
    Plant& operator=(const Plant&) = delete;

    HttpReply ask(std::string_view method, std::string_view target, const Asked& asked = {}) const;
    /// As the operator.
    HttpReply get(std::string_view target) const { return ask("GET", target, {.token = operator_token}); }
    HttpReply post(std::string_view target, std::string body) const {
        return ask("POST", target, {.token = operator_token, .body = std::move(body)});
    }
    HttpReply apply(std::string_view documents, std::string_view if_match, std::string_view reason = "test") const;
    /// How many of the newest audit rows say this.
    int audit_rows(std::string_view action, std::string_view outcome, std::string_view object = {}) const;
    /// A key of team "research", as its id.
    std::string issue_key(std::string_view name = "ci") const;
    const Parts& parts() const { return *parts_; }
    /// Signs somebody of the company in by their password, and gives the session's cookie.
    std::string sign_in(std::string_view user) const;
    /// The access token of a program of somebody who has signed in before.
    std::string access_token(std::string_view person, auth::SessionKind kind) const;

    const std::filesystem::path folder;
    ManualClock clock;
    Company company;  ///< whose directory the policy calls "corp"
    std::unique_ptr<vault::Vault> vault;
    std::unique_ptr<store::Store> store;
    std::unique_ptr<ledger::Ledger> ledger;
    std::unique_ptr<audit::Audit> audit;
    std::unique_ptr<auth::Keys> keys;
    std::unique_ptr<auth::Operators> operators;
    std::unique_ptr<auth::People> people;
    std::unique_ptr<auth::Sessions> sessions;
    std::unique_ptr<policies::Rules> rules;
    std::unique_ptr<staff::Staff> staff;
    std::unique_ptr<auth::Authenticator> callers;
    std::unique_ptr<treasury::Treasury> treasury;
    std::unique_ptr<treasury::Runs> allocations;
    std::unique_ptr<outbox::PostOffice> post_office;
    std::unique_ptr<reports::Schedules> schedules;
    std::string operator_token, auditor_token, finance_token;
    std::string tested;  ///< "provider/model" of the last test of a provider
    std::vector<Finding> test_findings = {{"name", Finding::State::good, "local resolves"}};
    std::vector<treasury::HourlySpend> hourly;  ///< what the control plane is told of the past
    std::vector<std::pair<treasury::reconcile::Correction, std::string>> corrected;  ///< with their reasons

  private:
    Result<void> unseal(const vault::MasterKey& key);
    void open_house();
    void open_staff();
    std::string issue_token(std::string_view name, auth::Role role);

    std::unique_ptr<Parts> parts_;
    std::atomic<Parts*> open_{nullptr};
    std::unique_ptr<ControlPlane> plane_;
};

/// Policy documents as the API takes them: {"documents":[{"name":"policy.yaml","text":…}]}
std::string documents_json(std::string_view yaml, std::string_view name = "policy.yaml");
/// A small policy: provider "local" with the secret "local-key", model "small", team "research" with `limit` per month.
std::string policy_yaml(std::string_view limit = "100 USD");
/// The same with teams "lab" below "research", and "sales"; whom the groups "in-TEAM", "leads-TEAM" and "is-ROLE" make
/// what they say; the directory "corp", and a provider "entra" that nobody reaches.
std::string staff_yaml(std::string_view more_identity = "");

}  // namespace bursar::admin::test
