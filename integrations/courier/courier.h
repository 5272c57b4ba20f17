#pragma once

#include "integrations/courier/senders.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace bursar::courier {

/// Deliveries under way: at most `at_once_max`, one per target and incident. The service knows both limits; what is
/// more is handed back at once. Main thread.
class Courier {
  public:
    static constexpr std::size_t at_once_max = 8;
    using Sender = std::function<Task<Receipt>(const Delivery&)>;
    /// `hear` gets each receipt; at once, if a delivery cannot be taken.
    Courier(Sender sender, std::function<void(const Receipt&)> hear, const Clock& clock);

    /// The same delivery again, on a new connection, while the first still goes on: one receipt will do for both.
    void take(Delivery delivery);
    /// From now on nothing is taken; what is under way goes on.
    void close() { closed_ = true; }
    std::size_t under_way() const { return under_way_.size(); }

  private:
    struct Job {
        Delivery delivery;
        Moment began;
    };
    void end(const std::string& id, const Receipt& receipt);
    void refuse(const Delivery& delivery, std::string reason);
    void remember(const Receipt& receipt);

    Sender sender_;
    std::function<void(const Receipt&)> hear_;
    const Clock& clock_;
    std::map<std::string, std::unique_ptr<Job>> under_way_;
    std::set<std::pair<std::string, std::string>> busy_;  ///< target and incident
    /// What was sent lately. A receipt that got lost with its connection is given again when its delivery comes again,
    /// instead of a second message.
    std::map<std::string, Receipt> sent_;
    std::deque<std::string> sent_order_;
    bool closed_ = false;
};

}  // namespace bursar::courier
