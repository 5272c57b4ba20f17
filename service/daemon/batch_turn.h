#pragma once

#include "service/base/clock.h"

#include <chrono>
#include <optional>

namespace bursar::daemon {

/// When a batch is looked at again, and since when what its provider tells of it is doubted. Pure; kept in memory, so a
/// restart doubts anew.
class BatchTurn {
  public:
    using Span = std::chrono::nanoseconds;
    /// A provider is asked for an open batch so often.
    static constexpr Span ask_every = std::chrono::minutes(2);
    static constexpr Span retry_first = std::chrono::seconds(2), retry_last = std::chrono::minutes(10);
    /// Results that do not tell of all calls may be the first of them: they are asked for again so long, and at last so
    /// seldom.
    static constexpr Span incomplete_max = std::chrono::hours(6), incomplete_retry_last = std::chrono::hours(1);
    /// A batch is forgotten if its provider has said so for so long, and it is so old.
    static constexpr Span unknown_min = std::chrono::days(1), forgotten_age_min = std::chrono::days(3);
    /// A batch has a day. One that takes so long is spoken of, so often.
    static constexpr Span late_age = std::chrono::hours(48), late_every = std::chrono::days(1);
    /// How long a result file may take, at first and at last. What took too long gets twice that the next time: nobody
    /// waits for hours for a provider that only ever sends a little.
    static constexpr Span reading_first = std::chrono::minutes(10), reading_last = std::chrono::hours(6);

    /// A new one has just been told of, and one from before a restart may have ended long ago.
    explicit BatchTurn(Moment now) : due_(now + retry_first) {}

    Moment due() const { return due_; }
    /// Somebody was told how it stands: one that has just ended is looked at at once.
    void note_state(bool ended, Moment now);

    // What a look came to. `took` it.
    void note_open(Moment now);
    void note_failed(Moment now, Span took);

    /// The provider says that it has none of that id. Whether that is believed.
    bool unknown_believed(Moment now, Span age);
    /// The provider told of it.
    void note_known() { unknown_since_.reset(); }
    /// It has ended, and its results do not tell of all that was made. Whether that is believed to stay so.
    bool incomplete_believed(Moment now);
    /// Whether to say now that it is still open.
    bool says_late(Moment now, Span age);

    std::chrono::milliseconds reading_max() const;

  private:
    Moment due_;
    Span wait_ = retry_first;  ///< after the next failure
    Span reading_max_ = reading_first;
    bool ended_ = false;
    std::optional<Moment> unknown_since_, incomplete_since_, late_told_;
};

}  // namespace bursar::daemon
