/*
 * travel.h -- could anybody have come from there to here meanwhile?
 *
 * Where an address is said to be is right to some hundred kilometres at best,
 * so nothing nearer than TRAVEL_LEAST_KM counts, and a place near one where
 * the account has signed in before is no travel at all.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	TRAVEL_LEAST_KM = 500,
	TRAVEL_MOST_KM_H = 1000, /* an airliner's speed, and some more */
	TRAVEL_NEAR_KM = 100,    /* the same place */
};

/* In degrees, north and east. */
struct place {
	double latitude;
	double longitude;
};

/* Not beyond the poles, nor nothing at all. */
bool place_is_one(const struct place *);

/* Along the surface. */
double place_km(const struct place *, const struct place *);

/* In so many seconds; less than none is none. */
bool travel_is_possible(double km, int64_t seconds);
