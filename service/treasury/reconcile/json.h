#pragma once

#include "service/base/result.h"
#include "service/treasury/reconcile/place.h"

#include <functional>
#include <string>
#include <string_view>

// JSON (RFC 8259) from front to back. What is wrong has a line and a column, and numbers stay the text that they are:
// money must not pass through a binary fraction.
namespace bursar::treasury::reconcile {

class JsonReader {
  public:
    explicit JsonReader(std::string_view text);

    /// Calls `field` with each name of an object; it must read the value, or skip() it.
    Result<void> object(const std::function<Result<void>(const std::string& name)>& field);
    /// Calls `item` before each item of a list; it must read the item.
    Result<void> list(const std::function<Result<void>()>& item);
    /// Takes a null, if there is one.
    bool null();
    Result<std::string> string();
    /// A number, or a string: what stands there, as text. `what` is the word for it in an error.
    Result<std::string> scalar(std::string_view what);
    /// Any value.
    Result<void> skip();
    /// Nothing but white space is left.
    Result<void> end();

    /// Of the next value.
    Place here();

  private:
    Result<void> expect(char c, std::string_view sentence);
    Result<void> enter();
    void pass_space();
    char next() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    Result<void> escape(std::string& out);
    Result<unsigned> four_digits();
    std::string_view word();

    std::string_view text_;
    std::size_t at_ = 0;
    int depth_ = 0;
    // Places are asked for in the order of the text: lines are counted on from the last one.
    std::size_t counted_ = 0;
    Place counted_place_;
};

}  // namespace bursar::treasury::reconcile
