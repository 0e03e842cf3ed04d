// LAY-3: one row of a layout.

/// One row: the token fed, its place and position, and its label (LAY-3).
public struct Row: Hashable, Sendable {
  /// The id fed to the model: a text token, `<m>` or `<r>`.
  public let token: Int
  /// Zone, chunk, and index in the zone.
  public let place: Place
  /// The position that the rotary embedding is fed (POS-1…POS-6).
  public let position: Int
  /// The id that this row is trained to predict; nil if its loss is not counted (LOS-1…LOS-3).
  public let label: Int?

  /// A row with the given token, place, position and label.
  public init(token: Int, place: Place, position: Int, label: Int?) {
    self.token = token
    self.place = place
    self.position = position
    self.label = label
  }
}
