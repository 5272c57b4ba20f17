#include "policies/allocate.h"

#include "policies/split.h"
#include "service/base/ensure.h"

#include <algorithm>
#include <functional>
#include <optional>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

__extension__ using Signed = __int128;

std::int64_t seconds_between(Timestamp from, Timestamp until) {
    return std::max<std::int64_t>(std::chrono::duration_cast<std::chrono::seconds>(until - from).count(), 0);
}

NanoUsd part_of(NanoUsd amount, std::int64_t numerator, std::int64_t denominator) {
    if (denominator == 0) return {};
    return NanoUsd(static_cast<std::int64_t>(static_cast<Signed>(amount.nanos()) * numerator / denominator));
}

/// "62.5%"
std::string percent_text(std::int64_t numerator, std::int64_t denominator) {
    const std::int64_t tenths =
        denominator == 0 ? 0
                         : static_cast<std::int64_t>((static_cast<Signed>(numerator) * 2'000 / denominator + 1) / 2);
    return tenths % 10 == 0 ? fmt::format("{}%", tenths / 10) : fmt::format("{}.{}%", tenths / 10, tenths % 10);
}

/// How one member comes to its share.
struct Claim {
    const Member* member = nullptr;
    const ShareRule* rule = nullptr;
    std::int64_t seconds = 0;  ///< of the period, from when it came
    bool gone = false;
    NanoUsd lent;
    NanoUsd rolled_over;
    NanoUsd repaid;
    std::uint64_t weight = 0;
    NanoUsd needed;  ///< the least share that pays for what is spent and held already
    NanoUsd floor;   ///< with `needed`, and with what is fixed
    NanoUsd cap;
    NanoUsd share;
    NanoUsd extra() const { return rolled_over + lent + repaid; }
};

class Run {
  public:
    explicit Run(const AllocateRequest& request)
        : request_(request), seconds_(seconds_between(request.period.start, request.period.end)) {
        for (const Member& member : request.members) claims_.push_back(claim_of(member));
        std::ranges::sort(claims_, {}, [](const Claim& claim) { return claim.member->account; });
    }

    Plan work_out() {
        roll_over();
        weigh();
        share_out();
        pay_back();
        return plan();
    }

  private:
    Claim claim_of(const Member& member) const {
        Claim claim{.member = &member, .rule = &request_.rules.rule_of(member.account)};
        const Timestamp from = std::max(member.present_from, request_.period.start);
        claim.seconds = std::min(seconds_between(std::min(from, request_.period.end), request_.period.end), seconds_);
        claim.gone = member.present_until <= request_.at;
        for (const Loan& loan : request_.loans) {
            if (loan.borrower == member.account) claim.lent += loan.amount;
            if (loan.lender == member.account) claim.lent -= loan.amount;
        }
        return claim;
    }

    /// What is left goes along, but together no more than the pool itself had left. Who has gone keeps of it what is
    /// spent.
    void roll_over() {
        std::vector<Wide> wanted;
        Signed sum = 0;
        for (Claim& claim : claims_) {
            claim.rolled_over = request_.opening ? NanoUsd{} : claim.member->rolled_over;
            claim.repaid = request_.opening ? NanoUsd{} : claim.member->repaid;
            if (request_.opening && request_.rules.roll_over && !claim.gone) {
                const RollOver& rule = *request_.rules.roll_over;
                NanoUsd amount = part_of(std::max(claim.member->left, NanoUsd{}), rule.up_to_percent, 100);
                if (rule.ceiling) amount = std::min(amount, *rule.ceiling);
                claim.rolled_over = amount;
            }
            if (claim.gone) claim.rolled_over = std::min(claim.rolled_over, claim.member->committed);
            wanted.push_back(static_cast<Wide>(claim.rolled_over.nanos()));
            sum += claim.rolled_over.nanos();
        }
        if (!request_.opening || sum <= request_.pool_left.nanos()) return;
        const auto parts = split(std::max(request_.pool_left, NanoUsd{}).nanos(), fit_weights(std::move(wanted)));
        // Halved weights may give one more than it had left; the difference stays with the pool.
        for (std::size_t i = 0; i < claims_.size(); ++i)
            claims_[i].rolled_over = std::min(claims_[i].rolled_over, NanoUsd(parts[i]));
    }

    void weigh() {
        std::vector<Wide> weights;
        const std::optional<NanoUsd> usual = usual_use();
        for (Claim& claim : claims_) {
            std::int64_t weight = 0;
            switch (request_.rules.by) {
                case ShareBy::weight:
                    weight = claim.rule->weight;
                    break;
                case ShareBy::heads:
                    weight = claim.member->heads;
                    break;
                case ShareBy::use:
                    weight = use_of(claim, usual).nanos();
                    break;
                case ShareBy::fixed:
                    break;
            }
            if (claim.gone || claim.rule->fixed) weight = 0;
            weights.push_back(static_cast<Wide>(weight) * static_cast<Wide>(claim.seconds));
        }
        const auto fitting = fit_weights(std::move(weights));
        for (std::size_t i = 0; i < claims_.size(); ++i) claims_[i].weight = fitting[i];
    }

    /// What a new member counts with: the mean of the others. None if nobody has used anything: then all count alike.
    std::optional<NanoUsd> usual_use() const {
        Signed sum = 0;
        std::int64_t known = 0;
        for (const Claim& claim : claims_) {
            if (claim.gone || claim.member->past_use.empty()) continue;
            sum += smoothed_use(claim.member->past_use, request_.rules.smoothing_percent).nanos();
            ++known;
        }
        if (sum == 0) return {};
        return NanoUsd(std::max<std::int64_t>(static_cast<std::int64_t>(sum / known), 1));
    }
    NanoUsd use_of(const Claim& claim, const std::optional<NanoUsd>& usual) const {
        if (!usual) return NanoUsd(1);
        return claim.member->past_use.empty() ? *usual
                                              : smoothed_use(claim.member->past_use, request_.rules.smoothing_percent);
    }

    /// Who has gone keeps what is spent; of the rest everybody who is there gets first what is spent and held, then
    /// the floors, then the parts.
    void share_out() {
        NanoUsd left = request_.pool;
        for (Claim& claim : claims_) {
            claim.needed = std::max(claim.member->committed - claim.extra(), NanoUsd{});
            if (!claim.gone) continue;
            claim.share = std::min(claim.needed, left);
            left -= claim.share;
        }
        Signed needed = 0, floors = 0;  // more than money can be, where floors are out of all reason
        for (Claim& claim : claims_) {
            if (claim.gone) continue;
            claim.needed = std::min(claim.needed, left);
            set_bounds(claim, left);
            needed += claim.needed.nanos();
            floors += claim.floor.nanos();
        }
        if (needed > left.nanos()) {
            short_of_ = true;
            return give(left, [](const Claim& claim) { return claim.needed; }, {});
        }
        if (floors > left.nanos()) {
            floors_cut_ = true;
            return give(
                left - NanoUsd(static_cast<std::int64_t>(needed)),
                [](const Claim& claim) { return claim.floor - claim.needed; },
                [](const Claim& claim) { return claim.needed; });
        }
        std::vector<Vessel> vessels;
        for (const Claim& claim : claims_)
            if (!claim.gone)
                vessels.push_back({.weight = claim.weight, .least = claim.floor.nanos(), .most = claim.cap.nanos()});
        const auto parts = fill(left.nanos(), vessels);
        std::size_t next = 0;
        for (Claim& claim : claims_)
            if (!claim.gone) claim.share = NanoUsd(parts[next++]);
    }

    void set_bounds(Claim& claim, NanoUsd left) const {
        const auto for_its_time = [&](NanoUsd amount) { return part_of(amount, claim.seconds, seconds_); };
        const std::optional<NanoUsd>& fixed = claim.rule->fixed;
        claim.floor = std::max(claim.needed, for_its_time(fixed.value_or(claim.rule->floor)));
        claim.cap = left;
        if (claim.rule->cap) claim.cap = for_its_time(*claim.rule->cap);
        if (fixed) claim.cap = for_its_time(*fixed);
        claim.cap = std::max(std::min(claim.cap, left), claim.floor);
    }

    /// Everybody who is there `base`, and of `amount` a part by `weight`.
    void give(NanoUsd amount, const std::function<NanoUsd(const Claim&)>& weight,
              const std::function<NanoUsd(const Claim&)>& base) {
        std::vector<Wide> weights;
        for (const Claim& claim : claims_)
            if (!claim.gone) weights.push_back(static_cast<Wide>(weight(claim).nanos()));
        const auto parts = split(amount.nanos(), fit_weights(std::move(weights)));
        std::size_t next = 0;
        for (Claim& claim : claims_)
            if (!claim.gone) claim.share = (base ? base(claim) : NanoUsd{}) + NanoUsd(parts[next++]);
    }

    void pay_back() {
        if (!request_.opening) return;
        const auto present = [&](const AccountName& account) -> Claim* {
            const auto found = std::ranges::lower_bound(claims_, account, {},
                                                        [](const Claim& claim) { return claim.member->account; });
            return found != claims_.end() && found->member->account == account && !found->gone ? &*found : nullptr;
        };
        for (const Loan& loan : request_.owed) {
            Claim* const borrower = present(loan.borrower);
            Claim* const lender = present(loan.lender);
            NanoUsd amount;
            if (borrower != nullptr && lender != nullptr) {
                const NanoUsd able = borrower->share + borrower->extra() - borrower->member->committed;
                amount = std::clamp(able, NanoUsd{}, loan.amount);
                borrower->repaid -= amount;
                lender->repaid += amount;
            }
            paid_back_.push_back(amount);
        }
    }

    Plan plan() {
        Plan plan{.pool = request_.pool, .unallotted = request_.pool};
        for (const Claim& claim : claims_) {
            plan.raise += claim.rolled_over;
            plan.unallotted -= claim.share;
            plan.lines.push_back({.account = claim.member->account,
                                  .share = claim.share,
                                  .rolled_over = claim.rolled_over,
                                  .lent = claim.lent,
                                  .repaid = claim.repaid,
                                  .heads = claim.member->heads,
                                  .present_from = claim.member->present_from,
                                  .present_until = claim.member->present_until,
                                  .committed = claim.member->committed,
                                  .why = why(claim)});
        }
        ENSURE(plan.unallotted >= NanoUsd{});
        plan.paid_back = std::move(paid_back_);
        return plan;
    }

    std::string why(const Claim& claim) const {
        if (claim.gone) return "left during the period: keeps what is spent; the rest went back to the pool";
        std::string text = base_words(claim);
        if (claim.seconds < seconds_)
            text += fmt::format(", for {} of the period", percent_text(claim.seconds, seconds_));
        if (short_of_)
            text += "; cut, because more than the pool is spent or held already";
        else if (floors_cut_)
            text += "; cut, because the floors and fixed amounts together are more than the pool";
        else if (claim.share == claim.floor && claim.needed == claim.floor && claim.needed > NanoUsd{})
            text += "; lifted to what is spent and held already";
        else if (!claim.rule->fixed && claim.rule->floor > NanoUsd{} && claim.share == claim.floor)
            text += fmt::format("; lifted to its floor of {}", claim.floor.for_people());
        else if (!claim.rule->fixed && claim.rule->cap && claim.share == claim.cap)
            text += fmt::format("; held at its cap of {}", claim.cap.for_people());
        if (claim.rolled_over > NanoUsd{})
            text += fmt::format("; {} left from the period before", claim.rolled_over.for_people());
        if (claim.lent > NanoUsd{}) text += fmt::format("; borrowed {}", claim.lent.for_people());
        if (claim.lent < NanoUsd{}) text += fmt::format("; lent {}", (-claim.lent).for_people());
        if (claim.repaid > NanoUsd{}) text += fmt::format("; gets {} back", claim.repaid.for_people());
        if (claim.repaid < NanoUsd{}) text += fmt::format("; pays {} back", (-claim.repaid).for_people());
        return text;
    }

    std::string base_words(const Claim& claim) const {
        if (claim.rule->fixed) return fmt::format("a fixed {}", claim.rule->fixed->for_people());
        std::uint64_t weights = 0;
        for (const Claim& each : claims_) weights += each.weight;
        const std::string part =
            percent_text(static_cast<std::int64_t>(claim.weight), static_cast<std::int64_t>(weights));
        switch (request_.rules.by) {
            case ShareBy::weight:
                return fmt::format("weight {}: {} of what is shared", claim.rule->weight, part);
            case ShareBy::heads:
                return fmt::format("{} {}: {} of what is shared", claim.member->heads,
                                   claim.member->heads == 1 ? "head" : "heads", part);
            case ShareBy::use:
                if (!usual_use()) return fmt::format("nobody has used anything yet: {} of what is shared", part);
                if (claim.member->past_use.empty())
                    return fmt::format("new, so as the others on average: {} of what is shared", part);
                return fmt::format("used {} lately: {} of what is shared",
                                   smoothed_use(claim.member->past_use, request_.rules.smoothing_percent).for_people(),
                                   part);
            case ShareBy::fixed:
                break;
        }
        return "nothing is fixed for it";
    }

    const AllocateRequest& request_;
    const std::int64_t seconds_;
    std::vector<Claim> claims_;
    std::vector<NanoUsd> paid_back_;
    bool short_of_ = false;
    bool floors_cut_ = false;
};

/// One who lends or borrows.
struct Side {
    const Line* line = nullptr;
    NanoUsd wants;
    NanoUsd can_lend;
};

/// What it will have taken by the end of the period, if it goes on as until now.
NanoUsd expected_in_all(const Line& line, const LendRequest& request) {
    const Timestamp from = std::max(line.present_from, request.period.start);
    const std::int64_t gone = seconds_between(from, request.at);
    const std::int64_t all = seconds_between(from, request.period.end);
    // Far above any pool is enough, and cannot overflow.
    constexpr NanoUsd most = NanoUsd::dollars(2'000'000'000);
    if (gone == 0) return line.committed > NanoUsd{} ? most : NanoUsd{};
    const Signed expected = static_cast<Signed>(line.committed.nanos()) * all / gone;
    return expected > most.nanos() ? most : NanoUsd(static_cast<std::int64_t>(expected));
}

}  // namespace

NanoUsd Plan::allotted() const {
    NanoUsd sum;
    for (const Line& line : lines) sum += line.total();
    return sum;
}

NanoUsd smoothed_use(const std::vector<NanoUsd>& newest_first, int smoothing_percent) {
    if (newest_first.empty()) return {};
    Signed average = std::max(newest_first.back(), NanoUsd{}).nanos();
    for (auto use = newest_first.rbegin() + 1; use != newest_first.rend(); ++use)
        average = (static_cast<Signed>(std::max(*use, NanoUsd{}).nanos()) * smoothing_percent +
                   average * (100 - smoothing_percent)) /
                  100;
    return NanoUsd(static_cast<std::int64_t>(average));
}

Plan allocate(const AllocateRequest& request) { return Run(request).work_out(); }

std::vector<Loan> lend(const LendRequest& request) {
    std::vector<Side> sides;
    for (const Line& line : request.lines) {
        if (line.present_until <= request.at) continue;
        const NanoUsd left = line.total() - line.committed;
        const NanoUsd expected = expected_in_all(line, request);
        NanoUsd borrowed, lent;
        for (const Loan& loan : request.loans) {
            if (loan.borrower == line.account) borrowed += loan.amount;
            if (loan.lender == line.account) lent += loan.amount;
        }
        Side side{.line = &line};
        if (lent == NanoUsd{} && left < part_of(line.total(), lending_at_percent, 100))
            side.wants =
                std::min(part_of(line.share, request.rules.up_to_percent, 100) - borrowed, expected - line.total());
        else if (borrowed == NanoUsd{})
            side.can_lend = line.total() - std::max(expected, line.committed) -
                            part_of(line.share, request.rules.keep_percent, 100);
        if (side.wants > NanoUsd{} || side.can_lend > NanoUsd{}) sides.push_back(side);
    }
    std::ranges::sort(sides, {}, [](const Side& side) { return side.line->account; });
    std::vector<Loan> loans;
    for (const Side& borrower : sides) {
        if (borrower.wants <= NanoUsd{}) continue;
        NanoUsd offered;
        std::vector<Wide> weights;
        for (const Side& side : sides) {
            weights.push_back(static_cast<Wide>(std::max(side.can_lend, NanoUsd{}).nanos()));
            offered += std::max(side.can_lend, NanoUsd{});
        }
        const NanoUsd amount = std::min(borrower.wants, offered);
        const auto parts = split(amount.nanos(), fit_weights(std::move(weights)));
        for (std::size_t i = 0; i < sides.size(); ++i) {
            // Nobody lends more than it has to spare, also where weights were rounded.
            const NanoUsd part = std::min(NanoUsd(parts[i]), std::max(sides[i].can_lend, NanoUsd{}));
            if (part <= NanoUsd{}) continue;
            sides[i].can_lend -= part;
            loans.push_back({borrower.line->account, sides[i].line->account, part});
        }
    }
    return loans;
}

}  // namespace bursar::policies
