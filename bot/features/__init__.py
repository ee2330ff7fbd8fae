"""The Discord-free half of each feature: services, stores with their SQL, workers and pure deciders."""
