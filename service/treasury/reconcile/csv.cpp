#include "service/treasury/reconcile/csv.h"

#include <fmt/format.h>

namespace bursar::treasury::reconcile {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {
        if (text_.starts_with(byte_order_mark)) text_.remove_prefix(byte_order_mark.size());
    }

    bool at_end() const { return at_ == text_.size(); }

    /// One record, to behind its line end.
    Result<void> record(std::vector<CsvField>& fields) {
        fields.clear();
        for (;;) {
            if (fields.size() == columns_max)
                return wrong(here(), fmt::format("more than {} columns; is this an export?", columns_max));
            CsvField field{.text = {}, .at = here()};
            TRY_VOID(next() == '"' ? quoted_field(field) : plain_field(field));
            fields.push_back(std::move(field));
            if (next() == ',') {
                step();
                continue;
            }
            if (next() == '\r') step();
            if (!at_end()) step();
            return {};
        }
    }

  private:
    Place here() const { return {.line = line_, .column = at_ - line_start_ + 1}; }
    /// '\0' at the end; a NUL in the text is refused where it stands.
    char next(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
    bool at_line_end() const { return at_end() || next() == '\n' || (next() == '\r' && next(1) == '\n'); }
    void step() {
        if (text_[at_++] != '\n') return;
        ++line_;
        line_start_ = at_;
    }

    Result<void> take(CsvField& field) {
        const char c = next();
        const bool control = static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
        if (control) return wrong(here(), "a control character; save the file as plain UTF-8 text");
        if (field.text.size() == field_bytes_max)
            return wrong(field.at, fmt::format("a field of more than {} bytes; is a quote missing?", field_bytes_max));
        field.text += c;
        step();
        return {};
    }

    Result<void> plain_field(CsvField& field) {
        while (!at_line_end() && next() != ',') {
            if (next() == '"') return wrong(here(), "a quote inside a field that does not begin with one");
            if (next() == '\r') return wrong(here(), "a carriage return that is not a line's end");
            TRY_VOID(take(field));
        }
        return {};
    }

    Result<void> quoted_field(CsvField& field) {
        step();
        for (;;) {
            if (at_end()) return wrong(field.at, "a quote that never ends");
            if (next() == '"') {
                step();
                if (next() != '"' || at_end()) break;
            }
            TRY_VOID(take(field));
        }
        if (!at_line_end() && next() != ',') return wrong(here(), "text behind the quote that ends a field");
        return {};
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    std::size_t line_start_ = 0;
};

}  // namespace

Result<void> read_csv(std::string_view text, const std::function<Result<void>(std::span<const CsvField>)>& row) {
    Reader reader(text);
    std::vector<CsvField> fields;
    while (!reader.at_end()) {
        TRY_VOID(reader.record(fields));
        if (fields.size() == 1 && fields.front().text.empty()) continue;
        TRY_VOID(row(fields));
    }
    return {};
}

}  // namespace bursar::treasury::reconcile
