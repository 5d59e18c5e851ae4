//! Clouds to try Deputize against, speaking their own wire protocols with their limits and errors.
