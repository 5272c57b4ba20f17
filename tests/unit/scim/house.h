#pragma once

#include "auth/scim/json.h"
#include "auth/scim/scim.h"
#include "service/base/ensure.h"
#include "tests/sim/sim_store.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// A server of SCIM with its people, and what its clients send.
namespace bursar::scim::testing {

/// The people of the service, with a moment at which somebody else can be quicker.
class InterruptedPeople final : public auth::People {
  public:
    InterruptedPeople(store::Store& store, const Clock& clock) {
        auto people = auth::People::open(store, clock, {});
        ENSURE(people);
        people_ = *std::move(people);
    }

    std::shared_ptr<const auth::Person> find(std::string_view name) const override { return people_->find(name); }
    std::shared_ptr<const auth::Person> find(const auth::Origin& origin) const override {
        return people_->find(origin);
    }
    std::vector<std::shared_ptr<const auth::Person>> all() const override { return people_->all(); }
    std::shared_ptr<const auth::Person> meant_by(std::string_view source, std::string_view typed) const override {
        return people_->meant_by(source, typed);
    }
    Result<std::shared_ptr<const auth::Person>> see(const auth::PersonFacts& facts, const AlsoPerson& also) override {
        return people_->see(facts, also);
    }
    Result<std::shared_ptr<const auth::Person>> set_state(std::string_view name, auth::PersonState state,
                                                          std::string_view why, const AlsoPerson& also) override {
        return people_->set_state(name, state, why, also);
    }
    Result<void> put_out(std::string_view name, const AlsoPerson& also) override {
        return people_->put_out(name, also);
    }
    Result<void> note_sign_in(std::string_view name, const AlsoPerson& also) override {
        return people_->note_sign_in(name, also);
    }
    Result<void> change(std::span<const auth::PersonFacts> seen, std::span<const Change> states,
                        const std::function<Result<void>(store::Transaction&)>& also) override {
        if (const auto others = std::exchange(before_next_change, nullptr)) others();
        return people_->change(seen, states, also);
    }
    void restand(StandingOf standing_of) override { people_->restand(std::move(standing_of)); }

    /// Runs once, between what a change was planned on and its transaction.
    std::function<void()> before_next_change;

  private:
    std::unique_ptr<auth::People> people_;
};

struct House {
    sim::SimStore store{{auth::People::schema(), Scim::schema()}};
    ManualClock clock{*parse_timestamp("2026-11-29T12:00:00Z")};
    InterruptedPeople people{store, clock};
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
