#pragma once

#include "service/standby/fence.h"

#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace bursar::standby {

/// Two machines, a network between them that loses, delays, doubles and parts, operators who tell the truth, and
/// machines that stop and come back. Everything from one seed; time goes in steps.
class TwoNodes {
  public:
    TwoNodes(std::uint64_t seed, Mode mode);

    /// One step of the time. What went wrong, or nothing.
    std::string step();

    struct Seen {
        int take_overs = 0;
        int hand_overs = 0;
        int gone_on_alone = 0;
        int acknowledged = 0;
        int refused_by_budget = 0;
        int served_steps = 0;
    };
    const Seen& seen() const { return seen_; }

  private:
    /// A call of one unit. So many may be acknowledged in all.
    using Call = int;
    static constexpr std::size_t budget = 4'000;

    struct Node {
        // On its disk:
        Standing stored;
        std::vector<Call> books;  ///< of one who serves: group i is call i - 1; of a follower: up to held.group
        Held held;
        // While it is up:
        bool up = true;
        double rate = 1.0;        ///< of its clock
        std::int64_t booted = 0;  ///< real time
        std::uint64_t run = 0;
        std::optional<Serving> serving;
        std::optional<Following> following;
        std::size_t acknowledged = 0;  ///< of its books, in this run
        bool wants = false;            ///< an operator asked for a take-over
        int copy_rounds = 0;           ///< of a whole copy that is under way
        std::uint64_t copying = 0;     ///< of which run
    };
    struct Message {
        std::int64_t arrives = 0;
        std::size_t to = 0;
        std::optional<Pull> pull;
        std::optional<Answer> answer;
        std::vector<Call> books = {};  ///< beside an answer
    };

    bool chance(double p) { return std::uniform_real_distribution<>(0, 1)(random_) < p; }
    std::int64_t between(std::int64_t low, std::int64_t high) {
        return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
    }
    Moment clock_of(const Node& node) const;
    void start(Node& node);
    static bool serves(const Node& node) { return node.up && node.serving.has_value(); }
    void send(Message message);
    void deliver(Message& message);
    void take_pull(Node& node, std::size_t other, const Pull& pull);
    void take_answer(Node& node, const Message& message);
    void receive_groups(Node& node, const Message& message);
    void take_calls(Node& node);
    void acknowledge(Node& node);
    void ask(std::size_t index);
    void try_to_take_over(Node& node, const Node& other, bool by_word);
    void trouble();
    void operate();
    void pair_anew();
    std::string check_both() const;

    std::mt19937_64 random_;
    const Mode mode_;
    const Times times_{.mandate = std::chrono::seconds(10), .patience = std::chrono::seconds(13)};
    std::int64_t now_ = 0;  ///< milliseconds
    std::array<Node, 2> nodes_;
    std::vector<Message> network_;
    std::int64_t parted_until_ = 0;
    std::vector<Call> acknowledged_;
    Call calls_ = 0;
    Seen seen_;
    std::string wrong_;
};

}  // namespace bursar::standby
