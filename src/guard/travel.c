/* travel.c -- the earth is a sphere here: right to half a percent. */
#include "guard/travel.h"

#include <math.h>

static const double earth_km = 6371.0;

bool place_is_one(const struct place *p)
{
	return isfinite(p->latitude) && isfinite(p->longitude) &&
	       fabs(p->latitude) <= 90 && fabs(p->longitude) <= 180;
}

static double radians(double degrees)
{
	return degrees * M_PI / 180;
}

/* The haversine formula, which is exact for small distances, too. */
double place_km(const struct place *a, const struct place *b)
{
	double north = sin(radians(b->latitude - a->latitude) / 2);
	double east = sin(radians(b->longitude - a->longitude) / 2);
	double h = north * north + cos(radians(a->latitude)) *
	                                   cos(radians(b->latitude)) * east *
	                                   east;

	return 2 * earth_km * asin(sqrt(h < 1 ? h : 1));
}

bool travel_is_possible(double km, int64_t seconds)
{
	double hours = seconds > 0 ? (double)seconds / 3600 : 0;

	return km < TRAVEL_LEAST_KM || km <= hours * TRAVEL_MOST_KM_H;
}
