#include "service/staff/staff.h"
