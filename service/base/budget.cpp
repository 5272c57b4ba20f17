#include "service/base/budget.h"

#include "service/base/ensure.h"

namespace bursar {

std::string_view name_of(Per per) {
    switch (per) {
        case Per::hour:
            return "hour";
        case Per::day:
            return "day";
        case Per::week:
            return "week";
        case Per::month:
            return "month";
        case Per::quarter:
            return "quarter";
        case Per::year:
            return "year";
        case Per::ever:
            return "ever";
    }
    ENSURE(false);
}

}  // namespace bursar
