#include "tests/unit/admin/company.h"

#include "service/base/ensure.h"

#include <utility>

namespace bursar::admin::test {

class CompanyDirectory final : public auth::Directory {
  public:
    CompanyDirectory(const Company& company, std::string name) : company_(company), name_(std::move(name)) {}

    const std::string& name() const override { return name_; }

    Result<auth::PersonFacts> sign_in(std::string_view user, const Secret& password) override {
        TRY_VOID(answers());
        const MutexLock lock(company_.mutex_);
        const auto found = company_.people_.find(user);
        if (found == company_.people_.end()) return refused("no such entry");
        if (password.reveal() != found->second.password) return refused("wrong password");
        return found->second.facts;
    }

    Result<std::optional<auth::PersonFacts>> look_up(const auth::Origin& origin) override {
        TRY_VOID(answers());
        const MutexLock lock(company_.mutex_);
        for (const auto& [user, employee] : company_.people_)
            if (employee.facts.origin == origin) return std::optional(employee.facts);
        return std::optional<auth::PersonFacts>();
    }

    Result<auth::Listing> list() override {
        TRY_VOID(answers());
        const MutexLock lock(company_.mutex_);
        auth::Listing all{.people = {}, .whole = true, .why_not = {}};
        for (const auto& [user, employee] : company_.people_) all.people.push_back(employee.facts);
        return all;
    }

    std::vector<auth::Step> test(std::string_view, const Secret&) override {
        const bool good = answers().has_value();
        return {{.name = "resolve", .state = auth::Step::State::good, .text = "ldap.corp.example is 192.0.2.1"},
                {.name = "TLS",
                 .state = good ? auth::Step::State::good : auth::Step::State::bad,
                 .text = good ? "1.3" : "nobody answers at 192.0.2.1"}};
    }

    auth::DirectoryHealth health() const override {
        return {.good = answers().has_value(), .text = "ldap.corp.example", .answered_at = {}};
    }

  private:
    static std::unexpected<Error> refused(std::string why) {
        return fail(Fault::unauthenticated, "The user name or the password is wrong.", std::move(why));
    }
    Result<void> answers() const {
        const MutexLock lock(company_.mutex_);
        if (!company_.down_) return {};
        return fail(Fault::directory_unavailable, "The directory does not answer. Try again in some minutes.");
    }

    const Company& company_;
    const std::string name_;
};

void Company::has(std::string_view user, std::vector<std::string> groups) {
    const MutexLock lock(mutex_);
    const std::string name(user);
    auth::PersonFacts facts{.origin = {.source = "ldap:corp", .subject = "id-of-" + name},
                            .user_name = name,
                            .display_name = "Display " + name,
                            .email = name + "@corp.example",
                            .groups = {}};
    for (std::string& group : groups) facts.groups.push_back({.id = {}, .name = std::move(group)});
    people_[name] = {.facts = std::move(facts), .password = "right"};
}

void Company::has_no_more(std::string_view user) {
    const MutexLock lock(mutex_);
    people_.erase(std::string(user));
}

void Company::is_down(bool down) {
    const MutexLock lock(mutex_);
    down_ = down;
}

auth::PersonFacts Company::facts_of(std::string_view user) const {
    const MutexLock lock(mutex_);
    const auto found = people_.find(user);
    ENSURE(found != people_.end());
    return found->second.facts;
}

std::unique_ptr<auth::Directory> Company::directory(std::string name) const {
    return std::make_unique<CompanyDirectory>(*this, std::move(name));
}

}  // namespace bursar::admin::test
