"""The benchmark of the whole service: at saturation and at a steady 100 TPS, with everything on the same cores."""
