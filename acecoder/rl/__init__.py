"""RL of the policy: rollouts, advantages, updates.

Departures from AceCoder (docs/METHOD.md says why):

1. The learning rate falls along a cosine to 0, not to a tenth (M19).
2. GRPO stands beside REINFORCE++; which one trains is a setting (`algorithm`).
3. The model reward reads the rendering that the reward model was trained on, not the policy's own
   tokens (M22).
"""
