"""RL of the policy: rollouts, advantages, updates.

Departures from AceCoder (docs/METHOD.md says why):

1. GRPO, RLOO and DAPO stand beside REINFORCE++; which one trains is a setting (`algorithm`).
2. The reward model's reward reads the rendering that the reward model was trained on, not the policy's own
   tokens (M22), and is measured in the deviations of its calibration.
"""
