// What people are told of the service itself: how it looks, again and again.
#include "service/daemon/conditions.h"
#include "service/daemon/pair_conditions.h"
#include "service/daemon/service.h"
#include "service/treasury/conditions.h"
#include "service/treasury/events.h"

#include <algorithm>
#include <filesystem>
#include <iterator>

namespace bursar::daemon {
namespace {

using namespace std::chrono_literals;

constexpr auto away_looked_every = 2s, certificate_looked_every = 2s;

Result<void> raise_all(store::Store& store, const std::vector<treasury::Event>& events) {
    if (events.empty()) return {};
    return store.write([&](store::Transaction& transaction) -> Result<void> {
        for (const treasury::Event& event : events) TRY_VOID(treasury::raise(transaction, event));
        return {};
    });
}

std::optional<std::uintmax_t> room_in(const std::filesystem::path& folder) {
    std::error_code failed;
    const auto space = std::filesystem::space(folder, failed);
    return failed ? std::nullopt : std::optional(space.available);
}

std::string program() {
    std::error_code failed;
    return std::filesystem::read_symlink("/proc/self/exe", failed).string();
}

/// Channels, keys of providers, the vault.
class Fast {
  public:
    Fast(const Books& books, const Surroundings& around)
        : books_(books), around_(around), conditions_(*books.store, fast_courses()) {}

    Result<void> look(Timestamp now) {
        const auto rules = books_.rules->get();
        const auto told = store_.look(books_.store->health(), rules->organisation.time_zone, now);
        if (told) {
            // A disk may be full again at once.
            TRY_VOID(raise_all(*books_.store, {*told}));
            store_.told();
        }
        const ProviderView view(*rules, around_.health, now);
        auto holding = view.holding();
        const bool sealed = around_.vault.state() == vault::State::sealed;
        if (sealed)
            holding.push_back({.kind = "vault.sealed",
                               .subject = "vault",
                               .text = "The vault is sealed, so no provider key can be used: bursarctl vault unseal"});
        const ServingNode* const pair = around_.pairing != nullptr ? around_.pairing->serving() : nullptr;
        const auto state = pair != nullptr ? pair->state() : standby::PrimaryEnd::State();
        const Moment now_here = pair != nullptr ? pair->now() : Moment();
        if (!pair_started_) pair_started_ = now_here;
        std::ranges::move(pair_holding(state, *pair_started_, now_here), std::back_inserter(holding));
        return conditions_.look(
            holding,
            [&](std::string_view begins, const std::string& subject) -> std::optional<std::string> {
                if (begins == "vault.sealed") return "The vault is open again";
                if (begins.starts_with("standby.")) return pair_end(begins, state, now_here);
                return view.end(begins, subject);
            },
            now);
    }

  private:
    const Books& books_;
    const Surroundings around_;
    treasury::Conditions conditions_;
    std::optional<Moment> pair_started_;
    StoreWatch store_;
};

/// Prices, the certificate, the disk, tokens that end, requests whose time is over, a newer program.
class Slow {
  public:
    Slow(const Books& books, const Surroundings& around, const Clock& clock)
        : books_(books), around_(around), started_(clock.now()), conditions_(*books.store, slow_courses()) {}

    Result<void> look(Timestamp now) {
        const auto rules = books_.rules->get();
        const std::string& time_zone = rules->organisation.time_zone;
        std::vector<treasury::Condition> holding = prices_missing(*rules, now);
        if (auto found = certificate_expiring(around_.server.certificate_life(), time_zone, now))
            holding.push_back(*std::move(found));
        if (auto found = certificate_refused(around_.certificates.failure())) holding.push_back(*std::move(found));
        const auto room = room_in(around_.state_folder);
        if (auto found = disk_low(room)) holding.push_back(*std::move(found));
        if (around_.backups != nullptr)
            if (auto found = backup_failed(around_.backups->state())) holding.push_back(*std::move(found));
        if (around_.away != nullptr)
            if (auto found = backup_not_away(backup::describe(around_.away->options()), around_.away->state()))
                holding.push_back(*std::move(found));
        TRY_VOID(conditions_.look(
            holding,
            [&](std::string_view begins, const std::string& subject) {
                return slow_end(begins, subject, room.has_value());
            },
            now));
        std::vector<treasury::Event> news = tokens_expiring(books_.operators->list(), time_zone, now);
        if (auto found = update_available(program(), started_, now)) news.push_back(*std::move(found));
        TRY_VOID(raise_new(std::move(news)));
        TRY_VOID(books_.treasury->pauses->tell_ended(now));
        return books_.treasury->requests->tell_due(now);
    }

  private:
    /// Without those that this process has raised: nobody writes every minute what is known.
    Result<void> raise_new(std::vector<treasury::Event> events) {
        std::set<std::string> names;
        for (const treasury::Event& event : events) names.insert(event.name);
        std::erase_if(events, [&](const treasury::Event& event) { return raised_.contains(event.name); });
        TRY_VOID(raise_all(*books_.store, events));
        raised_ = std::move(names);
        return {};
    }

    const Books& books_;
    const Surroundings around_;
    const Timestamp started_;
    treasury::Conditions conditions_;
    std::set<std::string> raised_;
};

}  // namespace

std::vector<treasury::Duty> telling_duties(const Books& books, const Surroundings& around, const Clock& clock) {
    const auto fast = std::make_shared<Fast>(books, around);
    const auto slow = std::make_shared<Slow>(books, around, clock);
    std::vector<treasury::Duty> duties;
    duties.push_back({"health", 2s, [fast](Timestamp now) { return fast->look(now); }});
    if (around.backups != nullptr)
        duties.push_back({"backup", 1min, [backups = around.backups](Timestamp now) -> Result<void> {
                              backups->begin_if_due(now);
                              return {};
                          }});
    if (around.backups != nullptr)
        duties.push_back({"backup_wanted", 2s, [backups = around.backups](Timestamp) -> Result<void> {
                              backups->begin_if_wanted();
                              return {};
                          }});
    if (around.away != nullptr)
        duties.push_back({"backup away", away_looked_every, [away = around.away](Timestamp now) -> Result<void> {
                              away->send_if_due(now);
                              return {};
                          }});
    duties.push_back(
        {"certificate", certificate_looked_every, [&watch = around.certificates](Timestamp) -> Result<void> {
             watch.look();
             return {};
         }});
    duties.push_back({"surroundings", 1min, [slow](Timestamp now) { return slow->look(now); }});
    return duties;
}

}  // namespace bursar::daemon
