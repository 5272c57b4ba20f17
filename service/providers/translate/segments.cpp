#include "service/providers/translate/segments.h"

namespace bursar::providers::translate {

void Balance::feed(std::string_view piece) {
    for (const char c : piece) {
        if (escaped_) {
            escaped_ = false;
        } else if (in_string_) {
            if (c == '"') in_string_ = false;
            escaped_ = c == '\\';
        } else if (c == '"') {
            in_string_ = true;
        } else if (c == '{' || c == '[') {
            ++depth_;
            begun_ = true;
        } else if (c == '}' || c == ']') {
            --depth_;
        }
    }
}

bool Segments::complete(const Segment& segment) const {
    return segment.part != Part::Kind::tool_call || segment.balance.complete();
}

Segments::Place Segments::place_of(const Saying& saying, bool& closed) {
    if (saying.part == Part::Kind::tool_call) {
        const auto known = tools_.find(saying.tool);
        if (known != tools_.end()) {
            closed = known->second == segments_.end();
            return known->second;
        }
    } else if (!segments_.empty() && segments_.back().part == saying.part) {
        return std::prev(segments_.end());
    }
    ++made_;
    segments_.push_back({.part = saying.part, .id = {}, .name = {}, .waiting = {}, .balance = {}});
    const Place place = std::prev(segments_.end());
    if (saying.part == Part::Kind::tool_call) tools_[saying.tool] = place;
    return place;
}

bool Segments::say(const Saying& saying, std::string_view piece, const Sink& sink) {
    bool closed = false;
    const Place place = place_of(saying, closed);
    // White space may trail the arguments of a call that was closed.
    if (closed) return piece.find_first_not_of(" \t\r\n") == std::string_view::npos;
    if (made_ > blocks_max) return false;
    if (place->id.empty()) place->id = saying.id;
    if (place->name.empty()) place->name = saying.name;
    if (place->part == Part::Kind::tool_call) place->balance.feed(piece);
    if (place->open) {
        if (!piece.empty()) sink({.kind = Step::Kind::text, .part = place->part, .text = piece});
        advance(sink);
        return true;
    }
    place->waiting += piece;
    waiting_ += piece.size();
    if (waiting_ > waiting_bytes_max) return false;
    advance(sink);
    return true;
}

void Segments::open(Segment& segment, const Sink& sink) {
    if (segment.open || (segment.part == Part::Kind::tool_call && segment.name.empty())) return;
    segment.open = true;
    const bool tool = segment.part == Part::Kind::tool_call;
    sink({.kind = Step::Kind::open,
          .part = segment.part,
          .id = segment.id,
          .name = tool ? std::string_view(segment.name) : std::string_view{}});
    if (!segment.waiting.empty()) sink({.kind = Step::Kind::text, .part = segment.part, .text = segment.waiting});
    waiting_ -= segment.waiting.size();
    segment.waiting = {};
}

void Segments::close(const Segment& segment, const Sink& sink) {
    if (segment.part == Part::Kind::thinking)
        sink({.kind = Step::Kind::sign, .part = segment.part, .text = segment.name});
    sink({.kind = Step::Kind::close, .part = segment.part});
}

void Segments::advance(const Sink& sink) {
    while (segments_.size() > 1 && segments_.front().open && complete(segments_.front())) {
        close(segments_.front(), sink);
        for (auto& [number, place] : tools_)
            if (place == segments_.begin()) place = segments_.end();
        segments_.pop_front();
        open(segments_.front(), sink);
    }
    if (!segments_.empty()) open(segments_.front(), sink);
}

bool Segments::close_all(const Sink& sink) {
    for (auto& segment : segments_) {
        open(segment, sink);
        if (!segment.open) return false;
        close(segment, sink);
    }
    for (auto& [number, place] : tools_) place = segments_.end();
    segments_.clear();
    return true;
}

}  // namespace bursar::providers::translate
