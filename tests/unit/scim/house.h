#pragma once

#include "auth/scim/json.h"
#include "auth/scim/scim.h"
#include "service/base/ensure.h"
#include "tests/sim/sim_store.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// A server of SCIM with people who do what auth::People promises, and what its clients send.
namespace bursar::scim::testing {

/// Keeps people in memory; a change is in force when its transaction is stored.
class FakePeople final : public auth::People {
  public:
    explicit FakePeople(store::Store& store) : store_(store) {}

    std::shared_ptr<const auth::Person> find(std::string_view name) const override {
        const auto found = people_.find(name);
        return found == people_.end() ? nullptr : std::make_shared<const auth::Person>(found->second);
    }
    std::shared_ptr<const auth::Person> find(const auth::Origin& origin) const override {
        return find(name_of(origin));
    }
    std::vector<std::shared_ptr<const auth::Person>> all() const override {
        std::vector<std::shared_ptr<const auth::Person>> out;
        for (const auto& entry : people_) out.push_back(find(entry.first));
        return out;
    }
    Result<void> change(std::span<const auth::PersonFacts> seen, std::span<const Change> states,
                        const std::function<Result<void>(store::Transaction&)>& also) override {
        if (const auto others = std::exchange(before_next_change, nullptr)) others();
        TRY_VOID(store_.write([&](store::Transaction& transaction) { return also(transaction); }));
        for (const auth::PersonFacts& facts : seen) see(facts);
        for (const Change& each : states) people_.at(each.name).state = each.state;
        return {};
    }

    Result<std::shared_ptr<const auth::Person>> see(const auth::PersonFacts&, const AlsoPerson&) override {
        return fail(Fault::internal, "see() is not asked here");
    }
    Result<std::shared_ptr<const auth::Person>> set_state(std::string_view, auth::PersonState, std::string_view,
                                                          const AlsoPerson&) override {
        return fail(Fault::internal, "set_state() is not asked here");
    }
    Result<void> put_out(std::string_view, const AlsoPerson&) override { return {}; }
    Result<void> note_sign_in(std::string_view, const AlsoPerson&) override { return {}; }
    void restand(StandingOf) override {}

    /// Runs once, between what a change was planned on and its transaction.
    std::function<void()> before_next_change;

  private:
    static std::string name_of(const auth::Origin& origin) { return origin.source + "/" + origin.subject; }
    void see(const auth::PersonFacts& facts) {
        auth::Person& person = people_[name_of(facts.origin)];
        person.name = name_of(facts.origin);
        std::vector<auth::Group> former = std::move(person.facts.groups);
        person.facts = facts;
        if (!facts.groups_known) person.facts.groups = std::move(former);
        person.state =
            facts.account == auth::AccountState::active ? auth::PersonState::active : auth::PersonState::suspended;
    }

    store::Store& store_;
    std::map<std::string, auth::Person, std::less<>> people_;
};

struct House {
    sim::SimStore store{{Scim::schema()}};
    FakePeople people{store};
    ManualClock clock{*parse_timestamp("2026-11-29T12:00:00Z")};
    Scim scim{store, people, clock};
    std::vector<std::string> audit;  ///< "scim.user.create alice (…): detail"

    Answer ask(std::string_view method, std::string_view path, std::string_view body = {},
               std::string_view if_match = {}, std::string_view source = "entra") {
        const std::size_t mark = std::min(path.find('?'), path.size());
        const Request request{.method = method,
                              .path = path.substr(0, mark),
                              .query = path.substr(std::min(mark + 1, path.size())),
                              .body = body,
                              .source = std::string(source),
                              .base_url = "https://bursar.example/scim/v2",
                              .if_match = if_match};
        return scim.serve(request, [&](store::Transaction&, const Done& done) -> Result<void> {
            audit.push_back(std::string(done.action) + " " + done.object.substr(0, done.object.find(" (")) +
                            (done.detail.empty() ? "" : ": " + done.detail));
            return {};
        });
    }

    /// The id of what this has made.
    std::string made(std::string_view path, std::string_view body, std::string_view source = "entra") {
        return id_in(ask("POST", path, body, {}, source));
    }
    static std::string id_in(const Answer& answer) {
        const auto json = read_json(answer.body);
        const Json* const id = json ? json->find("id") : nullptr;
        return id == nullptr ? "no id in " + answer.body : id->text;
    }
    std::shared_ptr<const auth::Person> person(std::string_view subject, std::string_view source = "entra") const {
        return people.find(auth::Origin{"scim:" + std::string(source), std::string(subject)});
    }
    /// "a b", of the person's groups by name.
    std::string groups(std::string_view subject) const {
        std::string out;
        for (const auth::Group& group : person(subject)->facts.groups) out += (out.empty() ? "" : " ") + group.name;
        return out;
    }
};

/// As Entra creates somebody.
inline std::string entra_user(std::string_view name, std::string_view object_id) {
    return R"({"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],)"
           R"("externalId":")" +
           std::string(object_id) + R"(","userName":")" + std::string(name) +
           R"(","active":true,"addresses":[{"primary":false,"type":"work","country":"DE"}],"displayName":"Alice Example",)"
           R"("emails":[{"primary":true,"type":"work","value":"alice@corp.example"}],"meta":{"resourceType":"User"},)"
           R"("name":{"formatted":"givenName familyName","familyName":"Example","givenName":"Alice"},"roles":[],"title":"Engineer",)"
           R"("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"R&D"}})";
}

inline std::string patch_of(std::string_view operations) {
    return R"({"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[)" + std::string(operations) +
           "]}";
}

}  // namespace bursar::scim::testing
