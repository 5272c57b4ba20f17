#pragma once

#include "service/providers/translate/canonical.h"
#include "service/providers/translate/dialects.h"

#include <list>
#include <map>
#include <string>

namespace bursar::providers::translate {

/// Whether JSON text that comes in pieces is complete: as many brackets closed as opened.
class Balance {
  public:
    void feed(std::string_view piece);
    bool complete() const { return begun_ && depth_ == 0; }

  private:
    std::int64_t depth_ = 0;
    bool begun_ = false;
    bool in_string_ = false;
    bool escaped_ = false;
};

/// What a piece of a Chat answer belongs to.
struct Saying {
    Part::Kind part = Part::Kind::text;
    std::int64_t tool = 0;  ///< the number of a tool call
    std::string_view id;    ///< of a tool call, with its first piece
    std::string_view name;  ///< of a tool; of thinking: what it is to be signed with
};

/// Makes blocks, one after the other, of pieces that may belong to several at once. A piece of the block that is open
/// is passed on at once; what belongs to a later one waits until the open one is known to be complete: text when
/// anything else begins, a tool call when its arguments are whole JSON.
class Segments {
  public:
    /// False: the piece belongs to a block that was closed, or too much waits.
    bool say(const Saying& saying, std::string_view piece, const Sink& sink);
    /// False: a tool call never got a name.
    bool close_all(const Sink& sink);
    bool any_tool() const { return !tools_.empty(); }

  private:
    struct Segment {
        Part::Kind part;
        std::string id, name;
        std::string waiting;
        Balance balance;
        bool open = false;
    };
    using Place = std::list<Segment>::iterator;

    Place place_of(const Saying& saying, bool& closed);
    bool complete(const Segment& segment) const;
    void open(Segment& segment, const Sink& sink);
    void close(const Segment& segment, const Sink& sink);
    void advance(const Sink& sink);

    std::list<Segment> segments_;  ///< the first is the open one
    std::map<std::int64_t, Place> tools_;
    std::size_t made_ = 0;
    std::size_t waiting_ = 0;
};

}  // namespace bursar::providers::translate
