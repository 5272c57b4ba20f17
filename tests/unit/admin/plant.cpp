#include "tests/unit/admin/plant.h"

#include "auth/scim/scim.h"
#include "service/admin/approvals.h"
#include "service/admin/cookies.h"
#include "service/base/ensure.h"
#include "service/base/json.h"
#include "service/staff/house.h"
#include "service/treasury/events.h"

#include <cstring>
#include <fstream>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <simdjson.h>

namespace bursar::admin::test {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp noon = std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} + 12h;

std::filesystem::path new_folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "admin-XXXXXX").string();
    ENSURE(::mkdtemp(pattern.data()) != nullptr);
    return pattern;
}

template <typename T>
T sure(Result<T> result) {
    if (!result) ADD_FAILURE() << result.error().operator_text();
    ENSURE(result.has_value());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

std::string exchange_over(const std::filesystem::path& path, std::string_view request) {
    const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(socket);
        return {};
    }
    while (!request.empty()) {
        const ssize_t sent = ::send(socket, request.data(), request.size(), MSG_NOSIGNAL);
        if (sent <= 0) break;
        request.remove_prefix(static_cast<std::size_t>(sent));
    }
    std::string answer;
    char buffer[4096];
    for (ssize_t got = 0; (got = ::recv(socket, buffer, sizeof buffer, 0)) > 0;)
        answer.append(buffer, static_cast<std::size_t>(got));
    ::close(socket);
    return answer;
}

HttpReply parse_reply(std::string_view text) {
    HttpReply reply;
    const std::size_t end = text.find("\r\n\r\n");
    if (end == std::string_view::npos || text.size() < 12) return reply;
    reply.status = std::stoi(std::string(text.substr(9, 3)));
    reply.body = text.substr(end + 4);
    std::string_view head = text.substr(text.find("\r\n") + 2, end - text.find("\r\n"));
    while (!head.empty()) {
        const std::string_view line = head.substr(0, head.find("\r\n"));
        head.remove_prefix(std::min(head.size(), line.size() + 2));
        const std::size_t colon = line.find(": ");
        if (colon == std::string_view::npos) continue;
        std::string name(line.substr(0, colon));
        for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        reply.headers[name] = line.substr(colon + 2);
        if (name == "set-cookie") reply.cookies.emplace_back(line.substr(colon + 2));
    }
    return reply;
}

}  // namespace

std::string HttpReply::at(std::string_view pointer) const {
    simdjson::dom::parser parser;
    simdjson::dom::element root, found;
    if (parser.parse(body).get(root) != simdjson::SUCCESS || root.at_pointer(pointer).get(found) != simdjson::SUCCESS)
        return "<nothing>";
    std::string_view text;
    if (found.get(text) == simdjson::SUCCESS) return std::string(text);
    return simdjson::minify(found);
}

std::size_t HttpReply::count(std::string_view pointer) const {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    simdjson::dom::array list;
    if (parser.parse(body).get(root) != simdjson::SUCCESS || root.at_pointer(pointer).get(list) != simdjson::SUCCESS)
        return 0;
    return list.size();
}

std::string HttpReply::cookie(std::string_view name) const {
    for (const std::string_view each : cookies)
        if (each.starts_with(name) && each.substr(name.size()).starts_with('='))
            return std::string(each.substr(name.size() + 1, each.find(';') - name.size() - 1));
    return {};
}

Asked by_page(const std::string& cookie, std::string body) {
    return {.body = std::move(body),
            .extra = fmt::format("cookie: {}={}\r\norigin: https://bursar\r\nsec-fetch-site: same-origin\r\n"
                                 "x-bursar-csrf: {}\r\n",
                                 session_cookie, cookie, csrf_of(cookie))};
}

Plant::Plant(Start start, std::chrono::milliseconds unseal_delay) : folder(new_folder()), clock(noon) {
    std::filesystem::create_directory(folder / "vault");
    std::filesystem::permissions(folder / "vault", std::filesystem::perms::owner_all);
    std::filesystem::create_directories(folder / "console" / "assets");
    std::ofstream(folder / "console" / "index.html") << "<!doctype html><title>Bursar</title>";
    std::ofstream(folder / "console" / "assets" / "x1.js") << "'use strict';";
    vault = sure(vault::Vault::open(folder / "vault", clock));
    if (start == Start::open)
        sure(unseal(sure(vault::MasterKey::from_hex(Secret::copy_of(master_key_body.substr(15, 64))))));

    Options options{.socket = folder / "control.sock",
                    .policy_defaults = {},
                    .metrics_token = std::string(metrics_token),
                    .unseal_delay_first = unseal_delay,
                    .console = folder / "console",
                    .database = folder / "bursar.db"};
    Hooks hooks{
        .metrics = [] { return std::string("bursar_up 1\n"); },
        .checks =
            [] { return std::vector<Check>{{.name = "store", .good = true, .blocks = true, .text = "writable"}}; },
        .unseal = [this](const vault::MasterKey& key) { return unseal(key); },
        .providers = [] { return std::string(R"({"channels":[{"provider":"local","state":"good"}],"keys":[]})"); },
        .parts = [this] { return open_.load(); },
        .test_provider =
            [this](const policies::Snapshot&, const std::string& provider, const std::string& model) {
                tested = provider + "/" + model;
                return test_findings;
            },
        .hourly = [this](std::span<const AccountName>, treasury::Hour,
                         treasury::Hour) -> Result<std::vector<treasury::HourlySpend>> { return hourly; },
        .correct = [this](const treasury::reconcile::Correction& correction, const std::string& reason,
                          treasury::reconcile::AlsoCorrected also) -> Result<void> {
            TRY_VOID(store->write([&](store::Transaction& transaction) { return also(transaction); }));
            corrected.emplace_back(correction, reason);
            return {};
        }};
    plane_ = sure(ControlPlane::start(std::move(options), *vault, std::move(hooks), clock));
}

Plant::~Plant() {
    plane_->stop();
    if (post_office) post_office->stop();
    if (store) store->stop();
    plane_.reset();
    schedules.reset();
    post_office.reset();
    allocations.reset();
    callers.reset();
    staff.reset();
    sessions.reset();
    people.reset();
    operators.reset();
    keys.reset();
    store.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
}

Result<void> Plant::unseal(const vault::MasterKey& key) {
    TRY_VOID(vault->unseal(key));
    if (open_.load() == nullptr) open_house();
    return {};
}

void Plant::open_house() {
    store::Options options{.file = folder / "bursar.db",
                           .key = sure(vault->database_key()),
                           .durability = store::Durability::process,
                           .schemas = {ledger::Ledger::schema(), audit::Audit::schema(), auth::Keys::schema(),
                                       auth::Operators::schema(), auth::People::schema(), auth::Sessions::schema(),
                                       scim::Scim::schema(), Revisions::schema(), Approvals::schema()}};
    for (const store::Schema& schema : staff::Staff::schemas()) options.schemas.push_back(schema);
    for (const store::Schema& schema : treasury::Treasury::schemas()) options.schemas.push_back(schema);
    options.schemas.push_back(reports::schema());
    options.schemas.push_back(outbox::schema());
    store = sure(store::Store::open(std::move(options)));
    ledger = sure(ledger::Ledger::recover(*store, clock, {}));
    audit = sure(audit::Audit::open(*store, sure(vault->pepper()), clock));
    keys = sure(auth::Keys::open(*store, sure(vault->pepper()), clock));
    operators = sure(auth::Operators::open(*store, sure(vault->pepper()), clock));
    rules = std::make_unique<policies::Rules>(std::make_shared<const policies::Snapshot>());
    open_staff();
    treasury = sure(treasury::Treasury::open(*store, *ledger, *audit, *rules, clock));
    allocations = sure(treasury::Runs::open(*store, *ledger, *audit, *rules, clock, {}));
    store->attach(*ledger);
    store->attach(*audit);
    store->start();
    post_office = sure(outbox::PostOffice::open(
        {*store, *rules, *vault, clock},
        {.socket = folder / "courier.sock", .peers = {.own = static_cast<std::uint32_t>(::getuid())}}));
    post_office->start();
    schedules = std::make_unique<reports::Schedules>(
        reports::Schedules::Parts{*store, *rules, reports::Gatherer({*audit, *ledger, {}})});
    operator_token = issue_token("ada", auth::Role::operator_);
    auditor_token = issue_token("otto", auth::Role::auditor);
    finance_token = issue_token("fritz", auth::Role::finance);
    parts_ = std::make_unique<Parts>(Parts{*store, *ledger, *audit, *keys, *operators, *people, *sessions, *callers,
                                           *staff, *rules, *treasury, allocations.get(), post_office.get(), nullptr,
                                           schedules.get()});
    open_.store(parts_.get());
}

/// As the daemon does, but that the directory is the company's, no provider of identities answers, and nothing is done
/// but when it is asked for.
void Plant::open_staff() {
    people = sure(auth::People::open(*store, clock, {}));
    sessions = sure(auth::Sessions::open(*store, sure(vault->pepper()), *people, clock));
    staff::Makers makers{.directory = [this](const ldap::Options& options, const ldap::BindPassword&)
                             -> Result<std::unique_ptr<auth::Directory>> { return company.directory(options.name); },
                         .http = [](const oidc::HttpRequest&) -> Result<oidc::HttpAnswer> {
                             return fail(Fault::directory_unavailable, "The provider does not answer.",
                                         "connect: nobody is there");
                         }};
    staff = std::make_unique<staff::House>(staff::Parts{*store, *audit, *rules, *people, *sessions, *vault, clock},
                                           std::move(makers));
    callers = std::make_unique<auth::Authenticator>(
        *keys, *people, *sessions,
        [this](std::string_view compact, Timestamp now) { return staff->workload(compact, now); });
}

std::string Plant::issue_token(std::string_view name, auth::Role role) {
    const auto issued = sure(operators->issue(
        name, role, std::nullopt, [](store::Transaction&, const auth::Operator&) { return Result<void>(); }));
    return std::string(issued.text.reveal());
}

HttpReply Plant::ask(std::string_view method, std::string_view target, const Asked& asked) const {
    std::string request =
        fmt::format("{} {} HTTP/1.1\r\nhost: bursar\r\nx-bursar-address: {}\r\ncontent-length: {}\r\n", method, target,
                    asked.address, asked.body.size());
    if (!asked.token.empty()) request += fmt::format("authorization: Bearer {}\r\n", asked.token);
    if (!asked.if_match.empty()) request += fmt::format("if-match: {}\r\n", asked.if_match);
    request += asked.extra;
    request += "\r\n" + asked.body;
    return parse_reply(exchange_over(folder / "control.sock", request));
}

HttpReply Plant::apply(std::string_view documents, std::string_view if_match, std::string_view reason) const {
    std::string body(documents);
    body.pop_back();
    body += ",\"reason\":";
    append_json_string(body, reason);
    body += "}";
    return ask("PUT", "/api/v1/policy",
               {.token = operator_token, .body = std::move(body), .if_match = std::string(if_match)});
}

int Plant::audit_rows(std::string_view action, std::string_view outcome, std::string_view object) const {
    int rows = 0;
    for (const audit::Entry& entry : sure(audit->entries(std::numeric_limits<std::int64_t>::max(), 1'000))) {
        const audit::Action& row = entry.action;
        rows += row.action == action && row.outcome == outcome && (object.empty() || row.object == object);
    }
    return rows;
}

std::string Plant::issue_key(std::string_view name) const {
    const HttpReply reply = post("/api/v1/keys", fmt::format(R"({{"name":"{}","team":"research"}})", name));
    EXPECT_EQ(reply.status, 201) << reply.body;
    return reply.at("/id");
}

std::string Plant::sign_in(std::string_view user) const {
    const HttpReply reply =
        ask("POST", "/auth/ldap/corp", {.body = fmt::format(R"({{"user":"{}","password":"right"}})", user)});
    EXPECT_EQ(reply.status, 200) << reply.body;
    return reply.cookie(session_cookie);
}

std::string Plant::access_token(std::string_view person, auth::SessionKind kind) const {
    const auto pair = sure(sessions->begin_tokens({.person = std::string(person),
                                                   .kind = kind,
                                                   .client = "a program",
                                                   .address = "192.0.2.7",
                                                   .way = "ldap:corp",
                                                   .provider_session = {}},
                                                  {}));
    return std::string(pair.access.reveal());
}

std::string documents_json(std::string_view yaml, std::string_view name) {
    JsonWriter json;
    json.open()
        .key("documents")
        .open_list()
        .open()
        .field("name", name)
        .field("text", yaml)
        .close()
        .close_list()
        .close();
    return std::move(json).text();
}

std::string policy_yaml(std::string_view limit) {
    return fmt::format(R"(organisation: {{name: Example GmbH, currency: USD, time_zone: Europe/Berlin}}
providers:
  local: {{dialect: openai, base_url: "http://127.0.0.1:9/v1", keys: [{{secret: local-key}}]}}
models:
  small: {{tier: standard, channels: [{{provider: local, model: small}}]}}
prices:
  local:
    small: {{input: 1.00, output: 2.00}}
teams:
  research: {{models: ["tier:standard"], budgets: [{{limit: {} , per: month}}]}}
)",
                       limit);
}

std::string staff_yaml(std::string_view more_identity) {
    std::string yaml = policy_yaml();
    yaml.insert(yaml.find("  research: {") + std::string_view("  research: {").size(),
                "groups: [in-research], leads: [leads-research], ");
    return yaml +
           R"(  lab: {parent: research, models: ["tier:standard"], budgets: [{limit: 10 USD, per: day}], groups: [in-lab]}
  sales:
    models: ["tier:standard"]
    budgets: [{limit: 5 USD, per: month}]
    groups: [in-sales]
    leads: [leads-sales]
identity:
  directories:
    corp:
      kind: openldap
      title: Corporate account
      servers: ["ldaps://ldap.corp.example"]
      direct_bind: "uid={user},ou=people,dc=corp,dc=example"
      people: {base: "ou=people,dc=corp,dc=example"}
  oidc:
    entra: {title: Microsoft, issuer: "https://login.example", client_id: bursar, secret: oidc-entra}
  roles: {operator: [is-operator], finance: [is-finance], auditor: [is-auditor]}
)" + std::string(more_identity);
}

}  // namespace bursar::admin::test
