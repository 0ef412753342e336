"""Small games written for the tests."""

CORRIDOR = """
Version: "0.1"
Environment:
  Name: Corridor
  Observers:
    Block2D:
      TileSize: 8
    Near:
      Type: VECTOR
      Width: 3
      Height: 3
      TrackAvatar: true
  Player:
    AvatarObject: walker
  Termination:
    Win:
      - eq: [goal:count, 0]
    Lose:
      - eq: [walker:count, 0]
  Levels:
    - |
      WWWWWW
      WA..GW
      WWWWWW
    - |
      WWWWWWW
      WP..A.W
      W....GW
      WWWWWWW
Actions:
  - Name: move
    Behaviours:
      - Src:
          Object: walker
          Commands:
            - mov: _dest
        Dst:
          Object: _empty
      - Src:
          Object: walker
          Commands:
            - mov: _dest
            - reward: 3
        Dst:
          Object: goal
          Commands:
            - remove: true
      - Src:
          Object: walker
          Commands:
            - remove: true
            - reward: -2
        Dst:
          Object: pit
Objects:
  - Name: walker
    MapCharacter: A
    Observers:
      Block2D:
        - Shape: triangle
          Color: [0.2, 0.2, 0.8]
          Scale: 0.8
  - Name: goal
    MapCharacter: G
    Observers:
      Block2D:
        - Shape: square
          Color: [0.2, 0.8, 0.2]
  - Name: pit
    MapCharacter: P
    Observers:
      Block2D:
        - Shape: square
          Color: [0.8, 0.2, 0.2]
  - Name: wall
    MapCharacter: W
    Observers:
      Block2D:
        - Shape: square
          Color: [0.6, 0.6, 0.6]
"""
LEFT, UP, RIGHT, DOWN = 1, 2, 3, 4
